"""The control servers: what stands at their address before and after, who may come in, and supervisorctl over each."""

import os
import signal
import socket

from scenario import scenario, table
from side import BASE

INET = "[inet_http_server]\nport=127.0.0.1:{port}\n"
PROGRAM = "[program:cat]\ncommand=cat\n"


def inode(s, name="s.sock"):
    found = os.stat(s.path(name))
    return f"mode {found.st_mode:o}, owner {found.st_uid}:{found.st_gid}"


SOCKETS = {
    "plain": "",
    "chmod=0777": "chmod=0777\n",
    "chmod=600": "chmod=600\n",
    "chmod=0o660": "chmod=0o660\n",
    "chown=daemon": "chown=daemon\n",
    "chown=daemon:sys": "chown=daemon:sys\n",
    "chown=1:3": "chown=1:3\n",
    "chmod and chown": "chmod=0770\nchown=nobody:nogroup\n",
}


@table(SOCKETS, size=4, root=True)
def unix_socket(s, name, lines):
    d = s.daemon(BASE.replace("[rpcinterface", lines + "[rpcinterface", 1))
    s.note(f"{name}: the socket", inode(s))
    d.ctl("version", note=f"{name}: version")
    d.signal(signal.SIGTERM)
    s.note(f"{name}: the end", f"status {d.ended()}, then there is a socket: {s.path('s.sock').exists()}")
    s.path("stdout").unlink()


@scenario
def over_tcp(s):
    d = s.daemon(BASE + INET + PROGRAM)
    d.until_state("cat", "RUNNING")
    url = f"http://127.0.0.1:{s.port()}"
    for line in ["version", "status", "pid cat", "stop cat", "tail cat", "maintail -f nope", "reread"]:
        s.run(["supervisorctl", "-s", url, *line.split()], f"over TCP: {line}")
    for form in [f"http://localhost:{s.port()}", url + "/", url + "/x", f"http://me:secret@127.0.0.1:{s.port()}", f"HTTP://127.0.0.1:{s.port()}"]:
        s.run(["supervisorctl", "-s", form, "version"], f"as {form.replace(str(s.port()), 'port')}")


@scenario
def over_tcp_with_credentials(s):
    s.daemon(BASE + INET + "username=me\npassword=sec:ret\n" + PROGRAM)
    url = f"http://127.0.0.1:{s.port()}"
    for name, options in {"right": ["-u", "me", "-p", "sec:ret"], "wrong": ["-u", "me", "-p", "x"], "none": []}.items():
        for action in ["version", "tail -f nope"]:
            s.run(["supervisorctl", "-s", url, *options, *action.split()], f"{name}: {action}")


@scenario
def another_server_in_the_shell(s):
    """`open` leads to another daemon, whose programs are shown."""
    other = BASE.replace("s.sock", "other.sock").replace("main.log", "other.log").replace("/pid", "/other.pid")
    s.daemon(other + "[program:dog]\ncommand=cat\nautostart=false\n", name="other.conf")
    s.path("stdout").unlink()
    d = s.daemon(BASE + PROGRAM)
    d.until_state("cat", "RUNNING")
    socket_of = lambda name: f"unix://{s.path(name)}"
    d.shell("to another and back", [f"open {socket_of('other.sock')}", "status", "status cat", f"open {socket_of('s.sock')}", "status dog"])
    d.shell("to nowhere", ["open unix:///nonexistent/sock", "status", f"open {socket_of('s.sock')}", "status cat"])


TAKEN = {
    "a port in use": INET,
    "a port in use, another host": "[inet_http_server]\nport=localhost:{port}\n",
    "a port of every host in use": "[inet_http_server]\nport=*:{port}\n",
}


@table(TAKEN)
def taken_port(s, name, lines):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        s.ports["port"] = taken.getsockname()[1]
        s.refuse(name, "[supervisord]\nuser={user}\nlogfile=/dev/null\nlogfile_maxbytes=0\n" + lines)


REFUSED = {
    "a host that is not ours": "[inet_http_server]\nport=192.0.2.1:{port}\n",
    "a host that does not exist": "[inet_http_server]\nport=nosuch.invalid:{port}\n",
    "a directory that does not exist": "[unix_http_server]\nfile={dir}/none/s.sock\n",
    "a path that is too long": "[unix_http_server]\nfile={dir}/" + "x" * 120 + "\n",
    "two servers of one port": "[inet_http_server]\nport=127.0.0.1:{port}\n[inet_http_server:b]\nport=127.0.0.1:{port}\n",
}


@table(REFUSED)
def refused(s, name, lines):
    s.refuse(name, "[supervisord]\nuser={user}\nlogfile=/dev/null\nlogfile_maxbytes=0\n" + lines)


@scenario
def a_second_daemon(s):
    """The first one's socket, pid file and log stay."""
    d = s.daemon(BASE + "[supervisord]\nuser={user}\n")
    pid = s.read("pid")
    s.refuse("the second one", None)
    s.note("the socket", inode(s))
    s.note("the pid file is the same", str(pid == s.read("pid")))
    d.ctl("version")


@scenario
def a_stale_socket(s):
    d = s.daemon(BASE + "[supervisord]\nuser={user}\n")
    d.kill()
    s.path("stdout").unlink()
    d = s.daemon(BASE + "[supervisord]\nuser={user}\n")
    s.note("what is said", d.said())
    d.ctl("version")
