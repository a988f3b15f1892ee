"""The daemon itself: its start and end, its signals and files, and the order of things.

Of the main log the lines about descriptors at debug level are left out: they show Python's objects.
"""

import os
import re
import signal
import socket
import stat

from scenario import scenario, table
from side import BASE, until

DEBUG = BASE.replace("[unix_http_server]", "loglevel=debug\n[unix_http_server]")
QUICK = "startsecs=0\nautorestart=false\n"


def sh(name, script, more=""):
    """A program of the shell."""
    return f"[program:{name}]\ncommand=/bin/sh -c '{script}'\n{more}\n"


def lines(d, *pieces, without=()):
    """The lines of the main log, their time stamps left out, that hold one of these pieces."""
    kept = []
    for line in d.log().splitlines():
        text = re.sub(r"^\d{4}-\S+ \S+ ", "", line)
        if " closed, stopped monitoring " in text or any(piece in text for piece in without):
            continue
        if not pieces or any(piece in text for piece in pieces):
            kept.append(text + "\n")
    return "".join(kept)


def says_set(name):
    """A program that says when it is one: before that, Supervisor's own handlers may swallow a signal."""
    return sh(name, "echo set; exec cat", f"startsecs=0\nstdout_logfile={{dir}}/{name}.log\n")


def file(s, name, piece="\n"):
    """The text of a file once it holds this."""
    until(f"{name} with {piece!r}", lambda: piece in s.read(name))
    return s.read(name)


# -- the start


@scenario
def first_lines(s):
    d = s.daemon(BASE + "[inet_http_server]\nport=127.0.0.1:{port}\nusername=a\npassword=b\n")
    s.note("two servers", lines(d))


@scenario
def first_lines_with_a_user(s):
    d = s.daemon(BASE.replace("[supervisord]", "[supervisord]\nuser={user}"))
    s.note("user=root", lines(d))


@scenario
def first_lines_with_includes(s):
    s.write("one.conf", "[program:p]\ncommand=cat\nautostart=false\n")
    d = s.daemon(BASE + "[include]\nfiles=one.conf none*.conf\n")
    s.note("includes", lines(d))


@scenario
def no_server_at_all(s):
    d = s.daemon("[supervisord]\nlogfile={dir}/main.log\npidfile={dir}/pid\n")
    s.note("the log", lines(d))
    d.signal(signal.SIGTERM)
    s.note("the end", f"exit status {d.ended()}\n{lines(d)}")


@scenario
def the_foreground_shows_the_log(s):
    d = s.daemon(BASE)
    until("the same lines", lambda: s.read("stdout").count("\n") == d.log().count("\n"))
    s.note("the same", f"{s.read('stdout') == d.log()}\n")


@scenario
def silent(s):
    d = s.daemon(BASE, ["-s"], quiet=True)
    d.until_log("supervisord started with pid")
    s.note("standard output", f"{s.read('stdout')!r}\n")


@scenario
def start_order(s):
    names = ["z", "b", "a", "m"]
    conf = BASE + "".join(f"[program:{n}]\ncommand=cat\nstartsecs=0\n" for n in names)
    conf += "[program:first]\ncommand=cat\nstartsecs=0\npriority=1\n[program:last]\ncommand=cat\nstartsecs=0\npriority=2000\n"
    conf += "[program:row]\ncommand=cat\nstartsecs=0\nnumprocs=11\nprocess_name=%(process_num)d\npriority=500\n"
    d = s.daemon(conf)
    d.until_log("success: ", 17)
    s.note("spawned", lines(d, "spawned: "))


@scenario
def start_order_in_a_group(s):
    conf = BASE + "[group:g]\nprograms=a,b,c\n"
    for name, priority in [("a", 30), ("b", 10), ("c", 20)]:
        conf += f"[program:{name}]\ncommand=cat\nstartsecs=0\npriority={priority}\n"
    d = s.daemon(conf)
    d.until_log("success: ", 3)
    s.note("spawned at the start", lines(d, "spawned: "))
    d.ctl("stop all", quiet=True)
    before = len(lines(d, "spawned: "))
    d.ctl("start g:*", quiet=True)
    d.until_log("spawned: ", 6)
    s.note("spawned by start g:*", lines(d, "spawned: ")[before:])


# -- the end

FOUR = "".join(
    sh(name, script, f"startsecs=0\nstopwaitsecs=2\nstdout_logfile={{dir}}/{name}.log\npriority={priority}")
    for name, priority, script in [
        ("a", 1, "echo set; exec cat"),
        ("b", 2, "echo set; exec cat"),
        ("c", 3, 'trap "" TERM; echo set; while sleep 0.05; do :; done'),
        ("d", 3, "echo set; exec cat"),
    ]
)


@scenario(weight=6)
def an_end_group_by_group(s):
    d = s.daemon(DEBUG + FOUR)
    for name in "abcd":
        file(s, f"{name}.log")
    d.until_log("success: ", 4)
    d.signal(signal.SIGTERM)
    s.note("exit status", f"{d.ended()}\n")
    s.note("signals and ends", lines(d, "killing", "stopped: ", "received SIGTERM"))
    waiting = re.findall(r"waiting for (.*) to die", d.log())
    s.note("first waited for", waiting[0] + "\n")
    s.note("files left", f"pid {s.path('pid').exists()}, socket {s.path('s.sock').exists()}\n")
    s.note("last line", lines(d, without=["SIGCHLD"]).splitlines()[-1] + "\n")


@scenario(weight=4)
def stops(s):
    d = s.daemon(DEBUG + FOUR.replace('trap "" TERM; ', "") + "[group:g]\nprograms=c,a,b\npriority=5\n")
    names = ["g:a", "g:b", "g:c", "d"]
    for name in names:
        d.until_state(name, "RUNNING")

    def story(command, note):
        before = len(lines(d, "killing"))
        stopped = d.log().count("stopped: ")
        d.ctl(command, quiet=True)
        d.until_log("stopped: ", stopped + len(names))
        s.note(note, lines(d, "killing")[before:])
        d.ctl("start all", quiet=True)
        for name in names:
            d.until_state(name, "RUNNING")

    story("stop all", "order of stop all")
    story("stop d g:*", "order of stop d g:*")
    story("stop g:c d g:a g:b", "order of names as typed")


@scenario(weight=5)
def a_stop_that_takes_long(s):
    d = s.daemon(DEBUG + sh("slow", 'trap "" TERM; echo set; while sleep 0.05; do :; done',
                            "startsecs=0\nstopwaitsecs=3\nstdout_logfile={dir}/slow.log"))
    file(s, "slow.log")
    d.until_state("slow", "RUNNING")
    d.ctl("stop slow")
    s.note("lines", lines(d, "slow", without=["stdout output", "waiting for"]))
    s.note("first wait", lines(d, "waiting for")[: len("INFO waiting for slow to stop\n")])


@scenario(weight=4)
def start_of_what_is_stopping(s):
    d = s.daemon(BASE + sh("slow", 'trap "" TERM; echo set; while sleep 0.05; do :; done',
                           "startsecs=0\nstopwaitsecs=3\nstdout_logfile={dir}/slow.log"))
    file(s, "slow.log")
    d.until_state("slow", "RUNNING")
    d.rpc("supervisor.stopProcess", "slow", False)
    s.note("state", d.state("slow") + "\n")
    s.note("start", repr(d.rpc("supervisor.startProcess", "slow")) + "\n")
    s.note("stop", repr(d.rpc("supervisor.stopProcess", "slow", False)) + "\n")
    s.note("line", lines(d, "already running"))


# -- signals


@table({name: number for name, number in [
    ("TERM", signal.SIGTERM), ("INT", signal.SIGINT), ("QUIT", signal.SIGQUIT),
]})
def end_by_signal(s, name, number):
    d = s.daemon(BASE.replace("{dir}/", "{dir}/" + name) + says_set(f"p{name}"), name=f"{name}.conf")
    log = lambda: s.read(f"{name}main.log")
    file(s, f"p{name}.log")
    until("its start", lambda: f"success: p{name}" in log())
    d.signal(number)
    code = d.ended()
    text = "".join(line[24:] + "\n" for line in log().splitlines() if "received" in line or "stopped: " in line)
    s.note(name, f"exit status {code}\n{text}")


@scenario(weight=5)
def hup(s):
    d = s.daemon(BASE + says_set("p"))
    file(s, "p.log")
    d.until_state("p", "RUNNING")
    pid = d.rpc("supervisor.getPID")
    d.rewrite(BASE + says_set("p") + "[program:q]\ncommand=cat\nstartsecs=0\n")
    d.signal(signal.SIGHUP)
    d.until_log("supervisord started with pid", 2)
    d.until_log("success: q")
    s.note("same pid", f"{d.rpc('supervisor.getPID') == pid}\n")
    s.note("lines", lines(d, without=["success"]))
    s.note("pid file", f"{s.read('pid') == str(pid) + chr(10)}\n")


@scenario(weight=5)
def hup_during_the_end(s):
    d = s.daemon(BASE + sh("slow", 'trap "" TERM; echo set; while sleep 0.05; do :; done',
                           "startsecs=0\nstopwaitsecs=3\nstdout_logfile={dir}/slow.log"))
    file(s, "slow.log")
    d.until_log("success: slow")
    d.signal(signal.SIGTERM)
    d.until_log("received SIGTERM")
    d.signal(signal.SIGHUP)
    d.until_log("SIGHUP")
    s.note("exit status", f"{d.ended()}\n")
    s.note("lines", lines(d, "SIGHUP", "SIGTERM"))


@scenario
def term_during_a_restart(s):
    d = s.daemon(BASE + sh("slow", 'trap "" TERM; echo set; while sleep 0.05; do :; done',
                           "startsecs=0\nstopwaitsecs=3\nstdout_logfile={dir}/slow.log"))
    file(s, "slow.log")
    d.until_log("success: slow")
    d.signal(signal.SIGHUP)
    d.until_log("received SIGHUP")
    d.signal(signal.SIGTERM)
    s.note("exit status", f"{d.ended()}\n")
    s.note("lines", lines(d, "SIGHUP", "received SIGTERM", "started with"))


@scenario
def usr2(s):
    d = s.daemon(BASE)
    s.path("main.log").rename(s.path("old.log"))
    d.signal(signal.SIGUSR2)
    until("a new log", lambda: s.path("main.log").exists())
    until("the lines", lambda: "logreopen" in s.read("old.log"))
    s.note("the old log's end", "".join(line[24:] + "\n" for line in s.read("old.log").splitlines()[-2:]))


@scenario
def chld(s):
    d = s.daemon(DEBUG + sh("p", "sleep 0.3; echo bye", QUICK))
    d.until_log("received SIGCHLD indicating a child quit")
    d.until_log("exited: p (")
    s.note("lines", lines(d, "'p'", " p ", "bye", "SIGCHLD", without=["success"]))


# -- files


@scenario
def pid_file(s):
    d = s.daemon(BASE)
    s.note("its text", f"{s.read('pid') == str(d.rpc('supervisor.getPID')) + chr(10)}\n")
    s.note("its mode", f"{stat.S_IMODE(os.stat(s.path('pid')).st_mode):o}\n")
    s.note("the mode of the log", f"{stat.S_IMODE(os.stat(s.path('main.log')).st_mode):o}\n")
    s.note("the mode of the socket", f"{stat.S_IMODE(os.stat(s.path('s.sock')).st_mode):o}\n")


@scenario
def pid_file_that_cannot_be_written(s):
    s.path("nopid").mkdir()
    d = s.daemon(BASE.replace("{dir}/pid", "{dir}/nopid"), quiet=True)
    until("the line", lambda: "could not write pidfile" in d.log())
    s.note("lines", lines(d, "pidfile", "started with"))
    s.note("it serves", repr(d.rpc("supervisor.getState")) + "\n")


@scenario
def socket_that_nobody_listens_on(s):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(s.path("s.sock")))
    d = s.daemon(BASE)
    s.note("standard error", s.read("stderr"))
    s.note("it serves", repr(d.rpc("supervisor.getState")) + "\n")


@scenario
def second_instance(s):
    d = s.daemon(BASE)
    s.run(["supervisord", "-n", "-c", "s.conf"], "the second")
    s.note("the first", repr(d.rpc("supervisor.getState")) + f"\n{s.path('pid').exists()}\n")


@scenario
def port_in_use(s):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        s.ports["port"] = taken.getsockname()[1]
        s.refuse("a taken port", BASE + "[inet_http_server]\nport=127.0.0.1:{port}\n")


@scenario
def socket_in_a_missing_directory(s):
    s.refuse("no such directory", BASE.replace("{dir}/s.sock", "{dir}/no/s.sock"))


# -- the background


def background(s, more, name):
    s.write(f"{name}.conf", s.fill(BASE.replace("[unix_http_server]", more + "\n[unix_http_server]") + "[program:p]\ncommand=cat\nstartsecs=0\n"))
    said = s.run(["supervisord", "-c", f"{name}.conf"])
    until("the pid file", lambda: s.path("pid").exists() and s.read("pid"))
    d = s.attach(f"{name}.conf")
    until("its program", lambda: "success: p" in d.log())
    return d, int(s.read("pid")), said


def gone(pid):
    return not os.path.exists(f"/proc/{pid}")


@scenario(weight=4)
def in_the_background(s):
    d, pid, said = background(s, "umask=027\ndirectory=/tmp", "b")
    s.note("what it says", said)
    s.note("lines", lines(d))
    s.note("session", f"{os.getsid(pid) == pid}\n")
    s.note("directory", os.readlink(f"/proc/{pid}/cwd") + "\n")
    s.note("descriptors", "".join(os.readlink(f"/proc/{pid}/fd/{n}") + "\n" for n in (0, 1, 2)))
    s.note("mode of the pid file", f"{stat.S_IMODE(os.stat(s.path('pid')).st_mode):o}\n")
    status = open(f"/proc/{pid}/status").read()
    s.note("umask", re.search(r"Umask:\s*(\d+)", status).group(1) + "\n")
    s.run(["supervisorctl", "-c", "b.conf", "shutdown"], "shutdown")
    until("its end", lambda: gone(pid))
    s.note("left", f"pid {s.path('pid').exists()}, socket {s.path('s.sock').exists()}\n")


@scenario(weight=2)
def in_the_background_with_a_directory_that_is_gone(s):
    s.path("away").mkdir()
    os.chmod(s.path("away"), 0)
    d, pid, _ = background(s, "directory={dir}/away".replace("{dir}", str(s.dir)), "b")
    s.note("lines", lines(d))
    os.kill(pid, signal.SIGTERM)
    until("its end", lambda: gone(pid))
