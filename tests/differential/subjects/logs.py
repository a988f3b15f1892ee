"""Log files: their names, what is in them, how they are rolled, cleared and opened again.

Nothing here names a device as a log: Supervisor removes what it clears.
"""

import os
import re
import signal
import stat

from scenario import scenario
from side import BASE, TELL, until

DEBUG = BASE.replace("[unix_http_server]", "loglevel=debug\n[unix_http_server]")
QUICK = "startsecs=0\nautorestart=false\n"


def sh(name, script, more=""):
    """A program of the shell."""
    return f"[program:{name}]\ncommand=/bin/sh -c '{script}'\n{more}\n"


def once(s, conf, *names):
    """Runs programs to their ends."""
    d = s.daemon(conf)
    for name in names:
        d.until_log(f"exited: {name} (")
    return d


def listing(s, prefix):
    """The files of a log and what is in them."""
    names = sorted(name for name in os.listdir(s.dir) if name.startswith(prefix))
    return "".join(f"{name}: {s.read(name)!r}\n" for name in names) or "(none)\n"


def file(s, name, piece="\n"):
    until(f"{name} with {piece!r}", lambda: piece in s.read(name))
    return s.read(name)


# -- contents


@scenario
def contents(s):
    both = "stdout_logfile={dir}/%(program_name)s.out\nstderr_logfile={dir}/%(program_name)s.err\n"
    once(
        s,
        BASE + sh("apart", "echo out; echo err >&2; sleep 0.2; echo more", QUICK + both)
        + sh("joined", "echo out; sleep 0.2; echo err >&2; sleep 0.2; echo more", QUICK + both + "redirect_stderr=true\n")
        + sh("bytes", "printf \"\\\\000\\\\377\\\\001 no line\"", QUICK + both)
        + sh("none", "echo out; echo err >&2", QUICK + "stdout_logfile=NONE\nstderr_logfile=off\n")
        + "[program:row]\ncommand=/bin/echo number %(process_num)d\nnumprocs=3\nprocess_name=%(process_num)02d\n"
        + "stdout_logfile={dir}/row-%(process_num)d.out\nstderr_logfile=NONE\n" + QUICK,
        "apart", "joined", "bytes", "none", "00", "01", "02",
    )
    for name in ("apart", "joined", "bytes", "none", "row"):
        s.note(name, listing(s, name))


@scenario(weight=3)
def last_bytes(s):
    logs = "stdout_logfile={dir}/%(program_name)s.out\nstdout_logfile_maxbytes=0\nstderr_logfile=NONE\n"
    d = once(
        s,
        BASE + sh("short", "printf last", QUICK + logs) + sh("long", "seq 1 9000; printf end", QUICK + logs)
        + sh("killed", "echo before; kill -9 $$", QUICK + logs)
        + sh("child", "(sleep 0.3; echo late) & echo early", QUICK + logs)
        + sh("stopped", 'trap "echo on the way out; exit 0" TERM; echo set; while sleep 0.02; do :; done',
             "startsecs=0\n" + logs),
        "short", "long", "killed", "child",
    )
    s.note("short", s.read("short.out") + "\n")
    text = s.read("long.out")
    s.note("long", f"{len(text)} {text == ''.join(f'{n}{chr(10)}' for n in range(1, 9001)) + 'end'}\n")
    s.note("killed", s.read("killed.out"))
    file(s, "stopped.out")
    d.until_state("stopped", "RUNNING")
    d.ctl("stop stopped", quiet=True)
    s.note("stopped", s.read("stopped.out"))


@scenario(weight=3)
def appended(s):
    s.write("again.out", "from before\n")
    d = s.daemon(BASE + sh("again", "echo run; sleep 0.2; exit 1", "startsecs=0\nstdout_logfile={dir}/again.out"))
    until("three runs", lambda: s.read("again.out").count("run") >= 3)
    s.note("a log that was there", s.read("again.out")[: len("from before\nrun\nrun\nrun\n")])
    d.ctl("stop again", quiet=True)


# -- AUTO


def autos(s):
    """Names, without what is random, and modes."""
    names = sorted(name for name in os.listdir(s.dir) if "---" in name)
    shown = [(re.sub(r"-[a-z0-9_]{8}\.log", "-<random>.log", name), os.stat(s.path(name)).st_mode) for name in names]
    return "".join(f"{name} {stat.S_IMODE(mode):o}\n" for name, mode in sorted(shown)) or "(none)\n"


@scenario
def auto_names(s):
    d = s.daemon(
        BASE.replace("identifier=same", "identifier=my id")
        + "[program:cat]\ncommand=cat\nautostart=false\n[program:two]\ncommand=cat\nnumprocs=2\nautostart=false\n"
        + "process_name=%(program_name)s_%(process_num)d\n[program:joined]\ncommand=cat\nredirect_stderr=true\nautostart=false\n"
        + "[program:half]\ncommand=cat\nstderr_logfile=NONE\nautostart=false\n[group:g]\nprograms=half\n"
    )
    s.note("before any start", autos(s))
    d.rewrite(BASE.replace("identifier=same", "identifier=my id") + "[program:new]\ncommand=cat\nautostart=false\n")
    d.ctl("reread", quiet=True)
    d.ctl("add new", quiet=True)
    s.note("after add", "".join(line for line in autos(s).splitlines(keepends=True) if line.startswith("new")))
    info = d.rpc("supervisor.getProcessInfo", "new")
    s.note("told by status", re.sub(r"-[a-z0-9_]{8}\.log", "-<random>.log", f"{info['stdout_logfile']} {info['stderr_logfile']} {info['logfile']}\n"))


@scenario
def auto_clean_up(s):
    for name in ["cat-stdout---same-abcdefgh.log", "cat-stderr---same-abcdefgh.log.3", "x-stdout---other-abcdefgh.log",
                 "cat-stdout---same.log", "notes.log"]:
        s.write(name, "old")
    s.daemon(BASE)
    s.note("left", autos(s) + f"{s.path('notes.log').exists()}\n")


@scenario
def auto_clean_up_switched_off(s):
    s.write("cat-stdout---same-abcdefgh.log", "old")
    s.daemon(BASE.replace("identifier=same", "identifier=same\nnocleanup=true"))
    s.note("left", autos(s))


# -- rotation


def steps(log):
    """Twelve bytes at a time, each read on its own."""
    return TELL + f'for i in 1 2 3 4 5 6 7; do tell "%%s\\\\n" "line $i of x" {log}*; done'


@scenario(weight=12)
def rotation(s):
    rows = {
        "no backups": "maxbytes=26 backups=0", "one": "maxbytes=26 backups=1", "three": "maxbytes=20 backups=3",
        "the very size": "maxbytes=39 backups=2", "one less": "maxbytes=38 backups=2", "one more": "maxbytes=40 backups=2",
        "every time": "maxbytes=1 backups=3", "never": "maxbytes=0 backups=3", "negative backups": "maxbytes=26 backups=-1",
        "kilobytes": "maxbytes=1KB backups=1",
    }
    conf, names = BASE, {}
    for at, (name, settings) in enumerate(rows.items()):
        names[name] = f"r{at}"
        more = "".join(f"stdout_logfile_{setting}\n" for setting in settings.split(" "))
        conf += sh(f"r{at}", steps(f"{{dir}}/r{at}.log"), f"{QUICK}stderr_logfile=NONE\nstdout_logfile={{dir}}/r{at}.log\n{more}")
    once(s, conf, *names.values())
    for name, program in names.items():
        s.note(name, listing(s, program + ".log"))


@scenario(weight=5)
def rotation_where_files_are_missing(s):
    s.write("r.log.3", "third\n")
    s.write("r.log.1", "first\n")
    s.write("k.log.2", "second\n")
    s.write("k.log", "twenty bytes of old text\n")
    conf = BASE
    for name in "rk":
        conf += sh(name, TELL + f"sleep 0.2; tell %%s new {{dir}}/{name}.log*; printf newer", f"{QUICK}stderr_logfile=NONE\n"
                   f"stdout_logfile={{dir}}/{name}.log\nstdout_logfile_maxbytes=3\nstdout_logfile_backups=3")
    once(s, conf, "r", "k")
    s.note("a gap", listing(s, "r.log"))
    s.note("a file that is too large already", listing(s, "k.log"))


@scenario
def rotation_of_a_large_chunk(s):
    once(s, BASE + sh("p", "printf %%05000d 1", f"{QUICK}stderr_logfile=NONE\nstdout_logfile={{dir}}/p.log\n"
                      "stdout_logfile_maxbytes=100\nstdout_logfile_backups=2"), "p")
    sizes = {name: os.stat(s.path(name)).st_size for name in sorted(os.listdir(s.dir)) if name.startswith("p.log")}
    s.note("sizes", f"{sizes}\n")


def main_logs(s, count):
    """The names of the main log's files, once there are so many: one is missing for a moment while they are rolled."""

    def names():
        seen = sorted(name for name in os.listdir(s.dir) if name.startswith("main.log"))
        return len(seen) == count and f"{seen}\n"

    return until(f"{count} files of the main log", names)


@scenario(weight=3)
def rotation_of_the_main_log(s):
    d = s.daemon(BASE.replace("[supervisord]", "[supervisord]\nlogfile_maxbytes=200\nlogfile_backups=2")
                 + "[program:cat]\ncommand=cat\nstartsecs=0\n")
    for _ in range(4):
        d.ctl("restart cat", quiet=True)
    s.note("names", main_logs(s, 3))


@scenario
def main_log_without_backups(s):
    d = s.daemon(BASE.replace("[supervisord]", "[supervisord]\nlogfile_maxbytes=100\nlogfile_backups=0")
                 + "[program:cat]\ncommand=cat\nstartsecs=0\n")
    d.until_state("cat", "RUNNING")
    s.note("names", main_logs(s, 1))


# -- what is done to bytes on the way


@scenario
def strip_ansi(s):
    rows = {
        "colours": "a \\\\033[31m red \\\\033[0m b", "cursor": "\\\\033[2J\\\\033[1;1Hx", "bold": "\\\\033[1;32mok\\\\033[m.",
        "title": "\\\\033]0;title\\\\007x", "none": "plain [31m text", "twice": "\\\\033[1m\\\\033[4mu\\\\033[0m",
        "erase": "a\\\\033[Kb\\\\033[uc",
    }
    conf, names = BASE.replace("[supervisord]", "[supervisord]\nstrip_ansi=true"), {}
    for at, (name, text) in enumerate(rows.items()):
        names[name] = f"a{at}"
        conf += sh(f"a{at}", f"printf \"{text}\"", f"{QUICK}stdout_logfile={{dir}}/a{at}.log")
    once(s, conf, *names.values())
    for name, program in names.items():
        s.note(name, repr(s.read(f"{program}.log")) + "\n")


@scenario(weight=3)
def capture(s):
    begin, end = "<!--XSUPERVISOR:BEGIN-->", "<!--XSUPERVISOR:END-->"
    long = "x" * 60
    rows = {
        "one capture": f"echo {long}; printf \"{begin}kept out{end}\"; echo {long}",
        "a split token": f"echo {long}; printf \"<!--XSUPER\"; sleep 0.3; printf \"VISOR:BEGIN-->out{end}\"; echo {long}",
        "no end": f"echo {long}; printf \"{begin}never ended\"; sleep 0.2",
        "an end alone": f"echo {long}; printf \"{end}\"; echo {long}{long}",
        "two": f"printf \"{begin}one{end}\"; echo {long}; printf \"{begin}two{end}\"; echo {long}",
        "short": "echo short",
    }
    conf, names = DEBUG, {}
    for at, (name, script) in enumerate(rows.items()):
        names[name] = f"c{at}"
        conf += sh(f"c{at}", script, f"{QUICK}stdout_capture_maxbytes=1KB\nstdout_logfile={{dir}}/c{at}.log")
    d = once(s, conf, *names.values())
    for name, program in names.items():
        s.note(name, s.read(f"{program}.log") + "\n")
        s.note(f"{name}: events", f"{d.log().count(f'{program!r} stdout emitted a comm event')}\n")


@scenario(weight=2)
def debug_copies(s):
    rows = {"text": "echo hello", "no line": "printf hello", "two lines": "printf \"a\\\\nb\\\\n\"", "standard error": "echo oops >&2",
            "no text": "printf \"\\\\210\\\\n\"", "quotes": "printf \"it is \\\\047 \\\\377\"", "letters": "echo Malmö"}
    conf, names = DEBUG, {}
    for at, (name, script) in enumerate(rows.items()):
        names[name] = f"d{at}"
        conf += sh(f"d{at}", script, QUICK)
    d = once(s, conf, *names.values())
    for name, program in names.items():
        found = re.search(rf"DEBG '{program}' \w+ output:\n(.*?)^20\d\d-", d.log(), re.S | re.M)
        s.note(name, found.group(0)[:-5] if found else "(none)\n")


# -- clear, open again


@scenario(weight=3)
def clear(s):
    say = 'trap "echo said" USR1; echo first; echo wrong >&2; while sleep 0.05; do :; done'
    d = s.daemon(BASE + sh("say", say, "startsecs=0\nstdout_logfile={dir}/say.log\nstderr_logfile={dir}/say.err")
                 + "[program:none]\ncommand=cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
                 + "[program:off]\ncommand=cat\nautostart=false\nstdout_logfile={dir}/off.log\n")
    s.write("say.log.1", "a backup\n")
    s.write("off.log", "old\n")
    file(s, "say.log"), file(s, "say.err")
    d.until_state("say", "RUNNING")
    before = os.stat(s.path("say.log")).st_ino
    keep = open(s.path("say.log"))
    d.ctl("clear say")
    s.note("the files", listing(s, "say"))
    s.note("a new file", f"{os.stat(s.path('say.log')).st_ino != before}\n")
    keep.close()
    d.ctl("signal USR1 say", quiet=True)
    s.note("what comes then", file(s, "say.log"))
    d.ctls("clear none", "clear nope", "clear off", "clear say off")
    s.note("the log of what does not run", s.read("off.log") or "(empty)\n")
    s.path("say.log").unlink()
    d.ctl("clear say", note="clear of a log that is gone")
    s.note("made again", f"{s.path('say.log').exists()}\n")
    s.note("all by a call", repr(d.rpc("supervisor.clearAllProcessLogs")) + "\n")
    s.note("a group", repr(d.rpc("supervisor.clearProcessLogs", "say:*")) + "\n")


@scenario
def clear_of_a_link(s):
    s.path("link.log").symlink_to(s.path("real.log"))
    d = s.daemon(BASE + sh("p", "echo text; exec cat", "startsecs=0\nstdout_logfile={dir}/link.log"))
    file(s, "real.log")
    d.ctl("clear p")
    s.note("the link", f"{s.path('link.log').is_symlink()} {s.read('real.log')!r}\n")


@scenario
def clear_of_the_main_log(s):
    d = s.daemon(BASE)
    s.note("the answer", repr(d.rpc("supervisor.clearLog")) + "\n")
    s.note("what is left", d.log() or "(empty)\n")
    s.note("on standard output", s.read("stdout").splitlines()[-1][24:] + "\n")
    s.path("main.log").unlink()
    s.note("when it is gone", repr(d.rpc("supervisor.clearLog")) + "\n")


@scenario(weight=2)
def usr2(s):
    say = 'trap "echo said" USR1; echo first; while sleep 0.05; do :; done'
    logs = "stderr_logfile=NONE\nstdout_logfile={dir}/%(program_name)s.log\n"
    d = s.daemon(BASE + sh("say", say, "startsecs=0\n" + logs) + "[program:off]\ncommand=cat\nautostart=false\n" + logs)
    file(s, "say.log")
    d.until_state("say", "RUNNING")
    s.path("say.log").rename(s.path("say.moved"))
    d.ctl("signal USR1 say", quiet=True)
    until("it goes on", lambda: "said" in s.read("say.moved"))
    s.note("before", listing(s, "say"))
    d.signal(signal.SIGUSR2)
    until("a new file", lambda: s.path("say.log").exists())
    d.ctl("signal USR1 say", quiet=True)
    file(s, "say.log")
    s.note("after", listing(s, "say"))
    s.note("what does not run", listing(s, "off"))
    s.note("lines", "".join(line[24:] + "\n" for line in d.log().splitlines() if "USR2" in line or "logreopen" in line))


@scenario
def rotation_through_a_link(s):
    s.path("link.log").symlink_to(s.path("real.log"))
    once(s, BASE + sh("p", TELL + "tell %%s first {dir}/link.log*; echo second", f"{QUICK}stderr_logfile=NONE\nstdout_logfile={{dir}}/link.log\n"
                      "stdout_logfile_maxbytes=3\nstdout_logfile_backups=2"), "p")
    s.note("what is a link", "".join(f"{name} {s.path(name).is_symlink()}\n" for name in sorted(os.listdir(s.dir)) if name.startswith("link")))


@scenario(weight=2)
def fifo(s):
    os.mkfifo(s.path("pipe.log"))
    held = os.open(s.path("pipe.log"), os.O_RDWR | os.O_NONBLOCK)
    d = s.daemon(BASE + sh("p", "echo through the pipe; exec cat", "startsecs=0\nstdout_logfile={dir}/pipe.log\nstdout_logfile_maxbytes=0"))
    text = until("the line", lambda: os.read(held, 100))
    s.note("what came", text.decode())
    d.signal(signal.SIGUSR2)
    d.until_log("SIGUSR2")
    s.note("a FIFO still", f"{stat.S_ISFIFO(os.stat(s.path('pipe.log')).st_mode)}\n")
    d.ctl("clear p")
    s.note("after clear", f"{stat.S_ISFIFO(os.stat(s.path('pipe.log')).st_mode)}\n")
    os.close(held)


@scenario
def levels(s):
    """What is written below the level is not."""
    conf = BASE.replace("[unix_http_server]", "loglevel=warn\n[unix_http_server]")
    d = s.daemon(conf + sh("p", "sleep 0.2; exit 3", QUICK), quiet=True)
    d.until_log("exited: p (")
    s.note("warn", "".join(line[24:] + "\n" for line in d.log().splitlines()))
