"""Logs: rolled by size, the two zeros, cleared and tailed, and rolled by logrotate with USR2."""

import os

from harness import Site, check, check_until, has, until

COUNT = "sh -c 'n=0; while n=$((n+1)); do echo $n; sleep 0.01; done'"


def rolled():
    """Rotation at small sizes."""
    with Site() as site:
        site.write("conf.d/zero.conf", f"""\
[program:onefile]
command = {COUNT}
stdout_logfile = {{dir}}/var/onefile.log
stdout_logfile_maxbytes = 0
[program:nobackup]
command = {COUNT}
stdout_logfile = {{dir}}/var/nobackup.log
stdout_logfile_maxbytes = 300
stdout_logfile_backups = 0
""")
        site.supervisord()
        site.wait_pidfile()
        names = lambda stem: sorted(path.name for path in (site.dir / "var").glob(f"{stem}.log*"))
        check_until("a log over its maxbytes goes to .log.1, and that to .log.2",
                    lambda: names("ticker") == ["ticker.log", "ticker.log.1", "ticker.log.2"], 60)
        sizes = [(site.dir / "var" / name).stat().st_size for name in ("ticker.log.1", "ticker.log.2")]
        check("the old ones have about that size", all(1024 <= size < 1100 for size in sizes), True)
        until("enough lines", lambda: site.read("var/onefile.log").count("\n") > 200)
        site.ctl("stop", "onefile", "nobackup")
        text = site.read("var/onefile.log").split()
        check("maxbytes=0: everything in one file",
              (names("onefile"), text == [str(n + 1) for n in range(len(text))]), (["onefile.log"], True))
        kept = site.read("var/nobackup.log").split()
        check("backups=0: one file, the old content dropped",
              (names("nobackup"), len(kept) < 200 and "1" not in kept[:1]), (["nobackup.log"], True))
        check("tail shows the last bytes", site.ctl("tail", "-100", "onefile").out, has(f"{text[-1]}\n"))
        check("clear says so", site.ctl("clear", "group1:redis").out, "group1:redis: cleared\n")
        check("no third backup is kept", names("ticker"), ["ticker.log", "ticker.log.1", "ticker.log.2"])
        site.ctl("shutdown")
        check_until("the daemon ends", lambda: not site.processes())


def logrotate():
    """External rotation: rename, USR2, and no line lost."""
    with Site() as site:
        site.write("conf.d/count.conf", f"""\
[program:count]
command = {COUNT}
stdout_logfile = {{dir}}/var/count.log
stdout_logfile_maxbytes = 0
""")
        site.supervisord()
        pid = site.wait_pidfile()
        rules = site.write("logrotate.conf", """\
{dir}/var/count.log {dir}/var/supervisord.log {
    rotate 9
    nocompress
    sharedscripts
    postrotate
        kill -USR2 $(cat {dir}/var/supervisord.pid)
    endscript
}
""")
        rules.chmod(0o644)
        for turn in range(1, 4):
            until("some lines", lambda: site.read("var/count.log").count("\n") > 20)
            said = site.run("logrotate", "-f", "-s", site.dir / "logrotate.state", rules)
            check(f"logrotate rolls the logs, turn {turn}", (said.code, said.err), (0, ""))
            check_until(f"USR2 opens them again, turn {turn}", (site.dir / "var/count.log").exists)
        check("the main log was opened again too",
              site.read("var/supervisord.log.1") + site.read("var/supervisord.log"), has("USR2"))
        until("some more lines", lambda: site.read("var/count.log").count("\n") > 20)
        site.ctl("stop", "count")
        files = ["var/count.log.3", "var/count.log.2", "var/count.log.1", "var/count.log"]
        numbers = "".join(site.read(name) for name in files).split()
        check("no line is lost, none is there twice",
              numbers == [str(n + 1) for n in range(len(numbers))] and len(numbers) > 80, True)
        check("the daemon is the same", site.pid(), pid)
        os.kill(pid, 15)
        check_until("TERM ends it", lambda: not site.processes())
