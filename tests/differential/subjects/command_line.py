"""The command lines of the four programs: options, their conflicts, and where a configuration is looked for."""

import os
import pwd
import time

from scenario import scenario, table
from side import BASE, until

CONF = "[supervisord]\n[supervisorctl]\nserverurl=unix://{dir}/none.sock\n"

OPTIONS = [
    "-Z", "--bogus", "--log", "--log x", "--min 1", "--no", "--s", "-c", "--configuration", "--logfile", "-l", "--silent=1",
    "--nodaemon=", "--help=x", "--version=1", "-c s.conf -c s.conf", "-c s.conf --configuration s.conf",
    "--configuration s.conf -c s.conf", "-n -n", "-nn", "-n --nodaemon", "-s -s", "-k -k", "-t -t", "-e info -e info",
    "-e info --loglevel=debug", "-e bogus", "-e warning", "--loglevel bogus", "--loglevel=", "--logl=bogus", "-ebogus",
    "-u nosuch", "-u 77777", "--user=nosuch", "-m 99", "-m x", "--umask=8", "-d /nope", "--directory=/etc/passwd",
    "-l /nope/x", "--logfile=/nope/x", "-y 1k", "-y x", "--logfile_maxbytes=1.5MB", "-z x", "--logfile_backups=1.5",
    "-j /nope/pid", "--pidfile=/nope/pid", "-q /nope", "--childlogdir=/etc/passwd", "-a x", "--minfds=1.5", "--minprocs=x",
    "--minprocs", "-i", "foo", "foo bar", "-n foo", "foo -n", "-- foo", "-n -- -s", "--", "-", "-n -", "-c s.conf x",
    "--profile_options=x", "--profile_options=calls,x", "-c nosuch.conf", "-cnosuch.conf", "--configuration=nosuch.conf",
    "-c nosuch/s.conf", "-nc nosuch.conf", "-nZ", "-hZ", "-Zh", "-vfoo", "--logfile-maxbytes=1", "--child=/nope", "-b x",
    "-o x", "-x", "-e", "it's", "-e it's", "\u00e9", "-\u00e9", "--\u00e9", "-n=x", "-c=nosuch.conf", "--=x", "---", "-n-s",
    "-i a -i b", "--identifier a -i b", "-u root -u root", "-m 022 -m 022", "-a 1 -a 1", "--minprocs 1 --minprocs 1",
]  # fmt: skip


@table({f"supervisord {line}": line for line in OPTIONS}, size=16)
def supervisord(s, name, line):
    s.refuse(name, CONF.replace("[supervisord]", "[supervisord]\nminfds=reached"), line.split())


CTL_OPTIONS = [
    "-Z", "--bogus", "--s", "-c", "-s", "-u", "-p", "-r", "--serverurl", "--interactive=1", "--help=1", "-v", "--version",
    "-c s.conf -c s.conf", "-i -i", "-s foo", "--serverurl=foo", "--server foo", "-s http:", "-s http://", "-s ://x", "-s x:y version",
    "-s ftp://foo version", "-s unix:///nope version", "-s unix://nope version", "-u a -u a", "-p a -p a", "-r a -r a",
    "-s http://localhost:1 -s http://localhost:1", "-c nosuch.conf version", "--config nosuch.conf", "--conf=nosuch.conf version",
    "-iZ", "-hZ", "-u", "--user", "--pass", "--hist", "--history_file", "-c s.conf version", "-c s.conf status", "version",
    "-c s.conf nope", "-c s.conf help", "-c s.conf help start", "-c s.conf help nope", "-c s.conf ?", "-c s.conf ?stop",
    "-c s.conf !ls", "-c s.conf quit", "-c s.conf exit", "-c s.conf EOF", "-c s.conf quit now", "-c s.conf help help",
    "-c s.conf -- version", "-c s.conf -- -x", "-c s.conf Version", "-c s.conf help quit", "-- help", "-c. version",
]  # fmt: skip


@table({f"supervisorctl {line}": line for line in CTL_OPTIONS}, size=16)
def supervisorctl(s, name, line):
    s.write("s.conf", s.fill(CONF))
    s.run(["supervisorctl", *line.split()], name)


CTL_FILES = {
    "no section": "[supervisord]\n",
    "an empty file": "",
    "a bad line": "[supervisorctl]\nbad\n",
    "no header": "bad\n",
    "no UTF-8": b"[supervisorctl]\n# \xff\n",
    "a bad url": "[supervisorctl]\nserverurl=foo\n",
    "an empty url": "[supervisorctl]\nserverurl=\n",
    "another scheme": "[supervisorctl]\nserverurl=ftp://foo\n",
    "an unknown name": "[supervisorctl]\nserverurl=unix://%(nope)s\n",
    "here": "[supervisorctl]\nserverurl=unix://%(here)s/none.sock\n",
    "here in the prompt": "[supervisorctl]\nserverurl=unix:///none.sock\nprompt=%(nope)s\n",
    "the environment": "[supervisorctl]\nserverurl=unix://%(ENV_HOME)s/none.sock\n",
    "a relative path": "[supervisorctl]\nserverurl=unix://none.sock\n",
    "a path with dots": "[supervisorctl]\nserverurl=unix:///tmp/../none.sock\n",
    "a home": "[supervisorctl]\nserverurl=unix://~/none.sock\n",
    "a bad plugin": "[supervisorctl]\nserverurl=unix:///none.sock\n[ctlplugin:x]\nsupervisor.ctl_factory=nosuch:x\n",
    "a plugin without a factory": "[supervisorctl]\nserverurl=unix:///none.sock\n[ctlplugin:x]\n",
    "a bad value of another section": "[supervisorctl]\nserverurl=unix:///none.sock\n[supervisord]\nminfds=x\n",
    "an include": "[supervisorctl]\nserverurl=unix:///none.sock\n[include]\nfiles=%(nope)s\n",
}


@table(CTL_FILES)
def supervisorctl_file(s, name, conf):
    s.write("s.conf", s.fill(conf))
    s.run(["supervisorctl", "-c", "s.conf", "version"], name)


@scenario
def said_at_once(s):
    s.write("s.conf", s.fill(CONF))
    for line in ["-v", "--version", "-nv", "-v -h", "-c nosuch.conf -v", "--vers", "-e info -v", "-v foo"]:
        s.run(["supervisord", *line.split()], f"supervisord {line}")
    for program in ["supervisord", "supervisorctl"]:
        for option in ["-h", "--help", "-?", "-c nosuch.conf -h"]:
            s.run([program, *option.split()], f"{program} {option}")
    s.run(["echo_supervisord_conf"], "echo_supervisord_conf")
    s.run(["echo_supervisord_conf", "-h", "x"], "echo_supervisord_conf -h x")
    s.run(["pidproxy"], "pidproxy")
    s.run(["pidproxy", "x"], "pidproxy x")


@scenario
def search(s):
    """Six places, the first one that exists; each file says by its error which one it is."""
    (s.dir / "bin").mkdir()
    (s.dir / "cwd" / "etc").mkdir(parents=True)
    for name in ["supervisord", "supervisorctl"]:
        (s.dir / "bin" / name).symlink_to(os.readlink(s.program(name)))
    places = ["cwd/etc/supervisord.conf", "cwd/supervisord.conf", "supervisord.conf", "etc/supervisord.conf"]
    if not os.path.exists("/etc/supervisord.conf") and not os.path.exists("/etc/supervisor/supervisord.conf"):
        s.refuse("nowhere", None, ["-n"], cwd=s.dir / "cwd", program=str(s.dir / "bin" / "supervisord"))
        s.run([str(s.dir / "bin" / "supervisorctl"), "-s", f"unix://{s.dir}/x", "version"], "supervisorctl, nowhere", cwd=s.dir / "cwd")
    for number, place in enumerate(places):
        s.write(place, f"[supervisord]\nminfds={number}th\n[supervisorctl]\nserverurl=unix:///place{number}\n")
        s.refuse(place, None, ["-n"], cwd=s.dir / "cwd", program=str(s.dir / "bin" / "supervisord"))
        s.run([str(s.dir / "bin" / "supervisorctl"), "version"], f"supervisorctl, {place}", cwd=s.dir / "cwd")
    s.refuse("-s beside a file", None, ["-n", "-s"], cwd=s.dir / "cwd", program="../bin/supervisord")


WATCH = BASE + """
[program:show]
command=sh -c 'echo cwd $(pwd) umask $(umask) files $(ulimit -n) procs $(ulimit -u); printf "\\033[1mbold\\033[0m\\n"; exec cat'
stdout_logfile={dir}/show.log
[program:auto]
command=cat
"""

WORKING = {
    "plain": [],
    "-e debug": ["-e", "debug"],
    "-e CRITICAL": ["-e", "CRITICAL"],
    "-l other.log": ["-l", "other.log"],
    "--logfile other.log": ["--logfile", "other.log"],
    "-l /dev/null": ["-l", "/dev/null", "-y", "0"],
    "-j other.pid": ["-j", "other.pid"],
    "-i other": ["-i", "other"],
    "--ident=other": ["--ident=other"],
    "-t": ["-t"],
    "-s": ["-s"],
    "-sk": ["-sk"],
    "-q sub": ["-q", "sub"],
    "-m 077": ["-m", "077"],
    "-d sub": ["-d", "sub"],
    "-a 2048": ["-a", "2048"],
    "--minprocs 300": ["--minprocs", "300"],
    "-y 100 -z 2": ["-y", "100", "-z", "2"],
    "-u and who we are": ["-u", pwd.getpwuid(os.getuid()).pw_name],
    "-u and our number": [f"-u{os.getuid()}"],
}


def effects(s, d):
    """What the options have brought about."""
    d.until_state("show", "RUNNING")
    d.until_state("auto", "RUNNING")
    until("the words of show", lambda: "bold" in s.read("show.log"))
    s.note("its identification", repr(d.rpc("supervisor.getIdentification")))
    s.note("what the program finds", s.read("show.log").replace("\x1b", "ESC"))
    s.note("the files", "\n".join(until("files at rest", lambda: at_rest(s))))


def at_rest(s):
    """The names of all files, if they are the same after a while: the main log may just be rolled over."""

    def names():
        files = (path.name for path in s.dir.glob("**/*") if path.is_file() and "refused" not in path.name)
        return sorted(name.split("-")[0] for name in files)

    before = names()
    time.sleep(0.2)
    return before if names() == before else None


@table(WORKING, size=1)
def working(s, name, args):
    (s.dir / "sub").mkdir()
    d = s.daemon(WATCH, args, quiet="-s" in args or "-sk" in args or "CRITICAL" in args)
    effects(s, d)


@table({name: args for name, args in WORKING.items() if name in ("plain", "-m 077", "-d sub", "-i other")}, size=1)
def in_the_background(s, name, args):
    (s.dir / "sub").mkdir()
    s.write("s.conf", s.fill(WATCH))
    s.run(["supervisord", "-c", "s.conf", *args], "what the parent says")
    d = s.attach("s.conf")
    until("the pid file", lambda: s.path("pid").read_text().strip())
    effects(s, d)
