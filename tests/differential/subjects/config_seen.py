"""What programs find of their configuration - environment, directory, umask - and what the log says of it at the start."""

from scenario import scenario, table
from side import BASE, until

SHOW = "command=sh -c 'env | sort; pwd; umask; echo end'\nautorestart=false\nstartsecs=0\nstdout_logfile={dir}/%(program_name)s.out\n"

ENVIRONMENTS = [
    "A=1", 'A=1,B="x,y"', "A=1,B=2,", 'A="",B=2', "A='x y'", 'A="a\\"b"', 'A="a\\\\b"', "A=a\\b", 'A="x"y', "A=don't", "A=a b",
    "A=x!", "A=~/x", "A=$HOME", "A=1;B=2", "A=1 B=2", "A=/x/y.z+w-v:(u)", 'A="#x"', "A=1 #B=2", "A=1,A=2", 'A="%%"',
    "A=%(ENV_HOME)s", "A=%(here)s", "A=%(program_name)s-%(group_name)s-%(process_num)d-%(numprocs)d", "A=%(host_node_name)s",
    "PATH=/bin:/usr/bin", "HOME=/nowhere", "SUPERVISOR_ENABLED=0", "SUPERVISOR_PROCESS_NAME=x", "A='a\"b'", "A=\"a'b\"",
    'A="gr\u00fcn"', "A=\u00fc", "A=a=", "A==", 'A="a\n b"', "A=1,\n B=2\n ,C=3", "A=&", 'A="x" "y"', "A=http://h/?q=1", "A='x'y",
    "A=''", "A=\"x\"'y'", "A=1\tB", "A=a.b", "A.B=1", "A-B=1", "A(B)=1", "1=2", "A=1,B=%(ENV_A)s",
]  # fmt: skip


@table({repr(value): value for value in ENVIRONMENTS}, size=25)
def environment(s, name, value):
    """Whether it is taken, and what arrives; a supervisord for each, for some are refused."""
    text = BASE + "[program:show]\n" + SHOW + f"environment={value}\n"
    s.write("s.conf", s.fill(text))
    s.path("show.out").unlink(missing_ok=True)
    seen = s.run(["supervisord", "-c", "s.conf"])
    if seen.code:
        s.note(name, seen)
        return
    d = s.attach("s.conf")
    until("the environment", lambda: "end\n" in s.read("show.out"))
    s.note(name, s.read("show.out"))
    d.rpc("supervisor.shutdown")
    until("the daemon's end", lambda: not s.path("pid").exists())


PLACES = BASE.replace("identifier=same", "identifier=same\numask=027\nenvironment=FOO=\"global\",BAR=g") + f"""
[program:plain]
{SHOW}
[program:own]
{SHOW}environment=FOO="prog %(ENV_BAR)s %(process_num)d",SUPERVISOR_ENABLED="x"
[program:there]
{SHOW}directory=/usr
umask=077
[program:by_variable]
{SHOW}environment=WHERE=/var
directory=%(ENV_WHERE)s
[program:url]
{SHOW}serverurl=http://somewhere:1
[program:auto_url]
{SHOW}serverurl=AUTO
[program:as_user]
{SHOW}user={{user}}
[program:several]
{SHOW}numprocs=2
process_name=several_%(process_num)02d
environment=N=%(process_num)d
stdout_logfile={{dir}}/several%(ENV_N)s.out
[group:both]
programs=in_group
[program:in_group]
{SHOW}
"""
OUTPUTS = ["plain", "own", "there", "by_variable", "url", "auto_url", "as_user", "several0", "several1", "in_group"]


@scenario
def places(s):
    s.daemon(PLACES)
    for name in OUTPUTS:
        until(f"the output of {name}", lambda name=name: "end\n" in s.read(f"{name}.out"))
        s.note(f"what {name} finds", s.read(f"{name}.out"))


INET = "[inet_http_server]\nport=127.0.0.1:{port}\n"
URLS = {
    "inet alone": BASE.split("[unix")[0] + INET + "[rpcinterface" + BASE.split("[rpcinterface")[1],
    "inet and unix": BASE + INET,
    "none": "[supervisord]\nlogfile={dir}/main.log\npidfile={dir}/pid\nchildlogdir={dir}\n",
    "every interface": "[supervisord]\nlogfile={dir}/main.log\npidfile={dir}/pid\n[inet_http_server]\nport=*:{port}\n",
    "two unix": BASE + "[unix_http_server:b]\nfile={dir}/t.sock\n",
    "no interface": BASE.split("[rpcinterface")[0],
}


@table(URLS, size=2)
def server_url(s, name, text):
    s.path("show.out").unlink(missing_ok=True)
    d = s.daemon(text + "[program:show]\n" + SHOW)
    until("the output", lambda: "end\n" in s.read("show.out"))
    s.note(f"{name}: what the program finds", s.read("show.out"))
    d.kill()


WARNINGS = {
    "AUTO without rollover": "[program:a]\ncommand=cat\nstdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0\n",
    "AUTO without rollover, several": "[program:a]\ncommand=cat\nnumprocs=2\nprocess_name=%(process_num)s\nstdout_logfile_maxbytes=0\n",
    "a file without rollover": "[program:a]\ncommand=cat\nstdout_logfile={dir}/a.log\nstdout_logfile_maxbytes=0\n",
    "redirect_stderr with a file": "[program:a]\ncommand=cat\nredirect_stderr=true\nstderr_logfile={dir}/x.log\n",
    "redirect_stderr with AUTO": "[program:a]\ncommand=cat\nredirect_stderr=true\nstderr_logfile=AUTO\n",
    "redirect_stderr with NONE": "[program:a]\ncommand=cat\nredirect_stderr=true\nstderr_logfile=NONE\n",
    "logfile=syslog": "[program:a]\ncommand=cat\nstdout_logfile=syslog\nstderr_logfile=syslog\n",
    "two programs": "[program:b]\ncommand=cat\nstdout_logfile_maxbytes=0\n[program:a]\ncommand=cat\nstdout_logfile_maxbytes=0\n",
    "an include without a match": "[include]\nfiles=*.none other.none\n",
    "an include of two": "[include]\nfiles=*.inc\n",
    "an include and a warning": "[program:a]\ncommand=cat\nstdout_logfile_maxbytes=0\n[include]\nfiles=b.inc *.none\n",
    "an include of a directory": "[include]\nfiles=d\n",
    "an include within an include": "[include]\nfiles=c.more\n",
    "root without a user": "",
    "root with a user": "[supervisord]\nuser={user}\n",
    "more descriptors": "[supervisord]\nminfds=1100\n",
    "credentials": "[unix_http_server]\nusername=a\npassword=b\n",
    "two servers": "[inet_http_server]\nport=127.0.0.1:{port}\n",
    "a nocleanup": "[supervisord]\nnocleanup=true\n",
}


@table(WARNINGS, size=5)
def begins(s, name, lines):
    """The main log from its first line to the one with the pid."""
    s.write("a.inc", "; nothing\n")
    s.write("b.inc", "[program:included]\ncommand=cat\n")
    s.write("c.more", "[include]\nfiles=a.inc\n")
    s.path("d").mkdir(exist_ok=True)
    s.path("main.log").unlink(missing_ok=True)
    s.path("stdout").unlink(missing_ok=True)
    d = s.daemon(BASE + lines)
    d.until_log("supervisord started with pid")
    s.note(name, d.log().split("started with pid")[0])
    d.kill()
    s.path("s.sock").unlink()
