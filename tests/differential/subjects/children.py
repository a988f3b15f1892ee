"""The children of the daemon: what they find when they begin, how they end, and why they do not begin."""

import contextlib
import os
import re
import socket

from daemon import QUICK, file, gone, lines, sh
from scenario import scenario, table
from side import BASE, Late, until


@scenario
def child_environment(s):
    d = s.daemon(
        BASE.replace("[unix_http_server]", 'environment=FOO="global",BAR="g",SUPERVISOR_ENABLED="no"\n[unix_http_server]')
        + "[inet_http_server]\nport=127.0.0.1:{port}\n"
        + "[program:one]\ncommand=/usr/bin/env\nstdout_logfile={dir}/one.log\n" + QUICK
        + "[program:two]\ncommand=/usr/bin/env\nstdout_logfile={dir}/two.log\nserverurl=http://x:1\n"
        + 'environment=FOO="prog %(ENV_BAR)s %(process_num)d",SUPERVISOR_ENABLED="x",PATH="/bin:/usr/bin"\n' + QUICK
        + "[group:g]\nprograms=two\n",
        env={"SUPERVISOR_GROUP_NAME": "outer", "KEPT": "a%s b=c"},
    )
    for name in ("one", "two"):
        d.until_log(f"exited: {name} ")
        s.note(name, "".join(sorted(s.read(f"{name}.log").splitlines(keepends=True))))


@scenario
def child_environment_without_a_unix_socket(s):
    s.daemon("[supervisord]\nlogfile={dir}/main.log\npidfile={dir}/pid\n[inet_http_server]\nport=127.0.0.1:{port}\n"
             + sh("p", "echo url $SUPERVISOR_SERVER_URL", "stdout_logfile={dir}/p.log\n" + QUICK))
    s.note("url", file(s, "p.log"))


@table({
    "signals blocked": "grep SigBlk /proc/self/status",
    "signals ignored": "grep SigIgn /proc/self/status",
    "signals caught": "grep SigCgt /proc/self/status",
    "process group": "set -- $(cat /proc/$$/stat); test $5 = $$ && echo its own",
    "session": "set -- $(cat /proc/$$/stat); test $6 = $$ || echo not its own",
    "descriptors": "for fd in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$fd && echo $fd; test -p /proc/$$/fd/$fd && echo pipe; done",
    "parent": "test $PPID = $(cat {dir}/pid) && echo the daemon",
    "limits": "ulimit -n; ulimit -Hn; ulimit -c",
    "directory": "pwd",
    "umask": "umask",
    "users": "id -u; id -g; id -G",
    "name": "cat /proc/$$/comm",
    "nice": "set -- $(cat /proc/$$/stat); echo ${19}",
    "terminal": "set -- $(cat /proc/$$/stat); echo ${7}",
})
def child(s, name, script):
    key = name.replace(" ", "-")
    s.write(f"{key}.sh", s.fill(script.replace("{dir}/pid", "{dir}/" + key + "pid")))
    program = f"[program:p]\ncommand=/bin/sh {{dir}}/{key}.sh\nstdout_logfile={{dir}}/{key}.out\n" + QUICK
    s.daemon(BASE.replace("{dir}/", "{dir}/" + key) + program, name=f"{key}.conf")
    until("its end", lambda: "exited: p" in s.read(f"{key}main.log"))
    s.note(name, s.read(f"{key}.out"))


@scenario
def child_with_everything_set(s):
    s.write("sub/x", "")
    os.chmod(s.dir, 0o755)
    d = s.daemon(BASE + sh("p", "umask; pwd; id -u; id -g; id -G; env | grep -e ^HOME -e ^USER -e ^LOGNAME -e ^SHELL",
                           "umask=0027\ndirectory={dir}/sub\nuser=nobody\nstdout_logfile={dir}/p.log\n" + QUICK))
    d.until_log("exited: p ")
    s.note("what it finds", s.read("p.log"))
    s.note("lines", lines(d, "'p'", " p "))


# -- ends and failures

ENDS = {
    "code 0": ("exit 0", ""),
    "code 1": ("exit 1", ""),
    "code 255": ("exit 255", ""),
    "an expected code": ("exit 5", "exitcodes=0,5"),
    "no expected code": ("exit 0", "exitcodes="),
    "SIGKILL": ("kill -9 $$", ""),
    "SIGTERM": ("kill -15 $$", ""),
    "SIGUSR1": ("kill -USR1 $$", ""),
    "SIGABRT": ("ulimit -c 0; kill -ABRT $$", ""),
    "a real-time signal": ("kill -40 $$", ""),
    "a code above 127": ("exit 143", ""),
}


@scenario(weight=4)
def ends(s):
    names = {name: f"p{at}" for at, name in enumerate(ENDS)}
    d = s.daemon(BASE + "".join(
        sh(names[name], "sleep 1.5; " + script, QUICK + more) for name, (script, more) in ENDS.items()
    ))
    for name, program in names.items():
        d.until_log(f"exited: {program} (")
        s.note(name, lines(d, f"'{program}'", f" {program} ") + repr(facts(d, program)) + "\n")


def facts(d, name):
    info = d.rpc("supervisor.getProcessInfo", name)
    return [info[key] for key in ("statename", "exitstatus", "spawnerr", "pid")]


@scenario(weight=6)
def quick_ends(s):
    quick = {"false": "/bin/false", "true": "/bin/true", "killed": "/bin/sh -c 'kill -9 $$'"}
    d = s.daemon(BASE + "".join(
        f"[program:{name}]\ncommand={command}\nstartsecs=3\nstartretries=1\n" for name, command in quick.items()
    ))
    for name in quick:
        d.until_state(name, "FATAL")
        d.until_log(f"gave up: {name} ")
        s.note(name, lines(d, f"'{name}'", f" {name} ") + repr(facts(d, name)) + "\n")
    d.ctl("status")


@scenario(weight=4)
def restarts(s):
    d = s.daemon(BASE + sh("always", "sleep 0.1; exit 0", "startsecs=0\nautorestart=true")
                 + sh("unexpected", "sleep 0.1; exit 3", "startsecs=0") + sh("expected", "sleep 0.1; exit 0", "startsecs=0"))
    for name in ("always", "unexpected"):
        d.until_log(f"spawned: '{name}'", 2)
        s.note(name, "".join(lines(d, f"'{name}'", f" {name} ").splitlines(keepends=True)[:4]))
    s.note("expected", lines(d, "'expected'", " expected "))


SPAWN = {
    "missing path": ("/nonexistent/x", ""),
    "missing word": ("no-such-word-anywhere", ""),
    "directory": ("{dir}/sub", ""),
    "not executable": ("{dir}/plain", ""),
    "open quote": ('/bin/echo "x', ""),
    "open quote beside another": ("/bin/echo 'it\"s", ""),
    "trailing backslash": ("/bin/echo x\\", ""),
    "empty in quotes": ("''", ""),
    "a log that is a directory": ("/bin/cat", "stdout_logfile={dir}/sub"),
    "a log in a directory that is gone": ("/bin/cat", "stderr_logfile={dir}/away/x.log"),
    "a log that is a socket": ("/bin/cat", "stdout_logfile={dir}/sock"),
    "a word of PATH that cannot be run": ("plain", 'environment=PATH="{dir}"'),
    "a word of PATH that is a directory": ("sub", 'environment=PATH="{dir}"'),
}


@scenario(weight=4)
def spawn_errors(s):
    s.write("sub/x", "")
    s.write("plain", "text")
    s.path("away").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(s.path("sock")))
    names = {name: f"p{at}" for at, name in enumerate(SPAWN)}
    conf = BASE + "".join(
        f"[program:{names[name]}]\ncommand={command}\nstartretries=0\n{more}\n" for name, (command, more) in SPAWN.items()
    )
    # the directory has to be there when the file is read, and gone at the first start
    d = s.daemon(conf.replace("startretries=0", "startretries=0\nautostart=false"))
    s.path("away").rmdir()
    for name, program in names.items():
        s.note(f"{name}: start", repr(d.rpc("supervisor.startProcess", program)) + "\n")
        # a start that is refused at once is no start
        if d.state(program) == "FATAL":
            d.until_log(f"gave up: {program} ")
        s.note(f"{name}: facts", repr(facts(d, program)) + "\n" + lines(d, f"'{program}'", f" {program} ")
               + "".join(line for line in lines(d, "spawnerr").splitlines(keepends=True)[-1:]))


CHILD = {
    "a directory that is missing": ("/bin/cat", "directory={dir}/none"),
    "a file without an interpreter": ("{dir}/bare", ""),
    "an interpreter that is missing": ("{dir}/lost", ""),
    "a relative path": ("./bare", "directory=/"),
    "both streams in one": ("{dir}/bare", "redirect_stderr=true"),
}


@scenario(weight=4)
def failures_in_the_child(s):
    for name, text in [("bare", "no program\n"), ("lost", "#!/nonexistent/interpreter\n")]:
        s.write(name, text)
        os.chmod(s.path(name), 0o755)
    names = {name: f"p{at}" for at, name in enumerate(CHILD)}
    d = s.daemon(BASE + "".join(
        f"[program:{names[name]}]\ncommand={command}\nstartretries=0\nstartsecs=5\nstdout_logfile={{dir}}/{names[name]}.out\n"
        f"stderr_logfile={{dir}}/{names[name]}.err\n{more}\n" for name, (command, more) in CHILD.items()
    ))
    for name, program in names.items():
        d.until_state(program, "FATAL")
        d.until_log(f"gave up: {program} ")
        read = lambda end: s.read(program + end) if s.path(program + end).exists() else "(no file)\n"
        s.note(name, f"out: {read('.out')}\nerr: {read('.err')}\n{lines(d, chr(39) + program + chr(39), f' {program} ')}")


@scenario
def commands_are_words(s):
    rows = ["a 'b  c' \"d \\\" e\" f\\ g", "x#y # z", "$HOME `ls` *.c ; | > &", "'a'\"b\"c", "\"it's\" '\"'", "tab\there"]
    d = s.daemon(BASE + "".join(
        f"[program:w{at}]\ncommand=/usr/bin/printf '[%%s]' {row}\nstdout_logfile={{dir}}/w{at}.log\n{QUICK}"
        for at, row in enumerate(rows)
    ))
    for at, row in enumerate(rows):
        d.until_log(f"exited: w{at} ")
        s.note(row, s.read(f"w{at}.log") + "\n")


@scenario
def standard_input(s):
    d = s.daemon(BASE + "[program:cat]\ncommand=cat\nstartsecs=0\nstdout_logfile={dir}/cat.log\n")
    d.until_state("cat", "RUNNING")
    s.note("sent", repr(d.rpc("supervisor.sendProcessStdin", "cat", "Malm\u00f6\n")) + "\n")
    s.note("came", file(s, "cat.log"))


@scenario(weight=3)
def grandchildren(s):
    """Who is signalled: the process, or its group."""
    script = "sleep 77{n} & echo $!; wait"
    conf = BASE
    for at, more in enumerate(["", "stopasgroup=true"]):
        conf += sh(f"p{at}", script.replace("{n}", str(at)), f"startsecs=0\nstdout_logfile={{dir}}/p{at}.log\n{more}")
    d = s.daemon(conf.replace("[unix_http_server]", "loglevel=debug\n[unix_http_server]"))
    for at in (0, 1):
        pid = int(file(s, f"p{at}.log"))
        d.until_state(f"p{at}", "RUNNING")
        d.ctl(f"stop p{at}", quiet=True)
        alive = True
        with contextlib.suppress(Late):
            until("its end", lambda: gone(pid) or open(f"/proc/{pid}/stat").read().split()[2] == "Z", 1.0)
            alive = False
        s.note(f"the grandchild of p{at} lives", f"{alive}\n{lines(d, 'killing p' + str(at))}")
