"""The actions that change processes: start, stop, restart, signal, clear; names, groups, errors, exit statuses."""

from scenario import scenario
from side import BASE

PROGRAMS = """
[program:cat]
command=cat
[program:manual]
command=cat
autostart=false
[program:quick]
command=sleep 100
autostart=false
startsecs=0
autorestart=false
[program:fails]
command=false
autostart=false
startretries=0
[program:missing]
command=/nonexistent/x
startretries=0
autostart=false
[program:nodir]
command={dir}
startretries=0
autostart=false
[program:noexec]
command={dir}/s.conf
startretries=0
autostart=false
[program:nocommand]
command=
startretries=0
autostart=false
[program:unparsable]
command=echo "open
startretries=0
autostart=false
[program:nowhere]
command=nonexistent-command
startretries=0
autostart=false
[program:badlog]
command=cat
startretries=0
autostart=false
stdout_logfile={dir}
[program:baddir]
command=cat
directory=/nonexistent
autostart=false
startretries=0
[program:off]
command=cat
autostart=false
stdout_logfile=NONE
stderr_logfile=NONE
[group:pair]
programs=one,two
[program:one]
command=cat
[program:two]
command=cat
autostart=false
[group:many]
programs=num
[program:num]
command=cat
numprocs=3
process_name=%(program_name)s_%(process_num)d
autostart=false
[group:empty]
programs=
"""
CONF = BASE + PROGRAMS


def running(s):
    d = s.daemon(CONF)
    d.until_state("cat", "RUNNING")
    d.until_state("pair:one", "RUNNING")
    return d


@scenario(weight=8)
def start(s):
    d = running(s)
    d.ctls(
        "start",
        "start nope",
        "start nope nope2",
        "start nope:*",
        "start nope:nope",
        "start pair:nope",
        "start pair",
        "start cat",
        "start manual",
        "start manual cat",
        "start quick",
        "start fails",
        "start missing",
        "start nodir",
        "start noexec",
        "start nocommand",
        "start unparsable",
        "start nowhere",
        "start badlog",
        "start pair:*",
        "start pair:two",
        "start many:num_1 many:num_2",
        "start many:*",
        "start empty:*",
        "start missing cat",
        "start cat missing",
        "start nope cat",
        "start nope:* nope",
        "start cat nope:*",
        "start cat:",
        "start :cat",
        "start :",
        "start cat:cat",
        "start cat:*",
        "start *",
        "start -x",
        "start a:b:c",
        "START cat",
        "start\tcat",
        "start fails quick",
    )
    d.ctl(["start", "off  cat"], note="start with two blanks")
    d.ctl(["  start   off  "], note="start with blanks around")
    d.ctl("status", note="the status at the end")


@scenario(weight=8)
def start_baddir(s):
    d = running(s)
    d.ctl("start baddir")
    d.ctl("status baddir")


@scenario(weight=8)
def stop(s):
    d = running(s)
    d.ctls(
        "stop",
        "stop nope",
        "stop nope:*",
        "stop pair:nope",
        "stop pair",
        "stop manual",
        "stop cat",
        "stop pair:*",
        "stop empty:*",
        "stop nope manual",
        "stop manual nope",
        "stop nope:* cat",
        "stop :",
        "stop cat:",
        "stop :cat",
        "stop *",
        "stop cat:cat",
        "stop cat:*",
    )
    d.ctl("start cat many:*", quiet=True)
    d.ctls("stop many:num_0 cat", "stop many:*", "stop all", "status")
    d.ctl("stop all", note="stop all again")
    d.ctl("start cat", quiet=True)
    d.ctl("stop nope all", note="stop a name and all")
    d.ctl("start fails", quiet=True)
    d.ctl("stop fails", note="stop what is FATAL")


@scenario(weight=8)
def restart(s):
    d = running(s)
    d.ctls(
        "restart",
        "restart nope",
        "restart nope:*",
        "restart cat",
        "restart manual",
        "restart pair:*",
        "restart cat nope",
        "restart missing",
        "restart cat missing",
        "restart empty:*",
        "restart pair:nope",
        "restart quick",
        "restart cat manual",
        "restart many:*",
        "restart :",
    )


@scenario(weight=8)
def all_of_them(s):
    conf = CONF.split("[program:fails]")[0] + "[group:pair]" + CONF.split("[group:pair]")[1].split("[group:empty]")[0]
    d = s.daemon(conf)
    d.until_state("pair:one", "RUNNING")
    for action in ["restart all", "stop all", "start all", "restart all nope"]:
        d.ctl(action, unordered=True)
    d.ctl("start all", note="start all again")
    d.ctl("status")
    d.ctl("pid all")
    d.ctl("clear all")
    d.ctl("signal CONT all")


@scenario(weight=6)
def signal(s):
    d = running(s)
    d.ctls(
        "signal",
        "signal HUP",
        "signal cat",
        "signal HUP nope",
        "signal HUP nope:*",
        "signal HUP manual",
        "signal HUP missing",
        "signal NOPE cat",
        "signal NOPE nope",
        "signal NOPE nope:*",
        "signal NOPE pair:*",
        "signal 999 cat",
        "signal -1 cat",
        "signal CONT cat",
        "signal SIGCONT cat",
        "signal sigcont cat",
        "signal cont cat",
        "signal 18 cat",
        "signal 0 cat",
        "signal CONT cat pair:one",
        "signal CONT pair:*",
        "signal CONT pair",
        "signal CONT pair:nope",
        "signal CONT empty:*",
        "signal CONT cat nope",
        "signal CONT nope cat",
        "signal CONT manual cat",
        "signal CONT all",
        "signal NOPE all",
        "signal CONT :",
        "signal CONT cat:",
        "signal CONT cat:*",
        "signal RTMIN+1 cat",
        "signal SIG cat",
        "signal CONT cat cat",
    )


@scenario(weight=6)
def clear(s):
    d = running(s)
    d.ctls(
        "clear",
        "clear nope",
        "clear cat",
        "clear manual",
        "clear cat manual",
        "clear pair:one",
        "clear pair:*",
        "clear pair",
        "clear pair:nope",
        "clear nope:*",
        "clear cat nope",
        "clear nope cat",
        "clear empty:*",
        "clear badlog",
        "clear cat:cat",
        "clear cat:*",
        "clear :",
        "clear off",
        "clear many:num_1",
    )


@scenario(weight=9)
def other_words(s):
    d = running(s)
    d.ctls(
        "nope",
        "nope nope",
        "Status",
        "status;",
        "stop manual; start manual",
        "fg",
        "fg nope",
        "fg manual",
        "fg cat manual",
        "fg pair:*",
        "fg pair",
        "fg nope:nope",
        "fg missing",
        "open",
        "open nope",
        "open ftp://nope",
        "open http://",
        "open unix://",
        "open unix:///nonexistent/sock",
        "open http://127.0.0.1:1",
        "version now",
        "avail now",
        "reread now",
        "shutdown now",
        "reload now",
        "help",
        "help nope",
        "help start stop",
        "?",
        "?start",
        "? start",
        "!ls",
        "! ls",
        "quit",
        "exit",
        "EOF",
        "add",
        "remove",
        "add nope",
        "remove nope",
        "add cat",
        "remove cat",
        "add nope cat",
        "remove nope cat",
        "update nope",
        "update",
        "update cat",
        "update all",
        "update all nope",
        "reread",
        "add pair:one",
        "remove pair:*",
    )
    d.ctl("update nope nope2", unordered=True)
    d.ctl([""], note="an empty word")
    d.ctl([" "], note="a blank")
    d.ctl(["status", ""], note="status and an empty word")
    d.ctl(["status cat"], note="two words in one")
    d.ctl(["help", ""], note="help and an empty word")
    for action in (
        "add avail clear exit fg help maintail open pid quit reload remove reread restart shutdown signal start status "
        "stop tail update version EOF"
    ).split():
        d.ctl(f"help {action}")
    d.ctl(f"open unix://{s.dir}/s.sock", note="open the same server")
