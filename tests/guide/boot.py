"""The daemon at boot: the init script's start, status, restart, reload and stop."""

from harness import ROOT, Site, alive, check, check_until, program


def init():
    """What `service supervisord ...` runs, with its paths set as /etc/default/supervisord sets them."""
    with Site() as site:
        (site.dir / "conf.d/user_center.conf").unlink()
        defaults = site.write("defaults", f"DAEMON={program('supervisord')}\nCONFIG={site.conf}\n"
                              "PIDFILE={dir}/var/init.pid\nWAIT=30\n")
        site.environment["SUPERVISORD_DEFAULTS"] = str(defaults)
        script = ROOT / "examples" / "boot" / "supervisord.init"

        def service(word, said, code=0):
            done = site.run(script, word)
            check(f"service supervisord {word}", (done.out, done.code), (said, code))

        service("status", "supervisord is not running\n", 3)
        service("start", "supervisord started\n")
        first = site.wait_pidfile("var/init.pid")
        service("status", "supervisord is running\n")
        service("start", "supervisord is running already\n")
        check_until("the programs are started", lambda: site.state("group1:redis") == "RUNNING")
        redis = site.pid("group1:redis")
        service("reload", "")
        check_until("reload starts them anew", lambda: site.pid("group1:redis") not in (0, redis))
        check_until("and they run", lambda: site.state("group1:redis") == "RUNNING")
        service("restart", "supervisord stopped\nsupervisord started\n")
        check("restart is another daemon", (site.wait_pidfile("var/init.pid") != first, alive(first)), (True, False))
        check_until("its programs run", lambda: site.state("group1:ticker") == "RUNNING")
        service("stop", "supervisord stopped\n")
        check_until("stop leaves no process", lambda: not site.processes(), 3)
        check("and no pid file", (site.dir / "var/init.pid").exists(), False)
        service("stop", "supervisord is not running\n")
