"""`reread`, `update`, `add`, `remove` and `avail`, with a file that is edited between them."""

from scenario import scenario, table
from side import BASE

FIRST = """
[program:stays]
command=cat
[program:changes]
command=cat
[program:goes]
command=cat
[program:goes_too]
command=cat
autostart=false
[group:pair]
programs=one,two
[program:one]
command=cat
[program:two]
command=cat
priority=7
"""
SECOND = """
[program:stays]
command=cat
[program:changes]
command=cat
startretries=9
[program:comes]
command=cat
[program:comes_too]
command=cat
autostart=false
priority=2
[group:pair]
programs=one,two
priority=3
[program:one]
command=cat
[program:two]
command=cat
priority=7
"""


def begun(s, text=FIRST):
    d = s.daemon(BASE + text)
    d.until_state("stays", "RUNNING")
    return d


@scenario(weight=6)
def a_session(s):
    d = begun(s)
    d.ctls("avail", "reread", "update")
    d.rewrite(BASE + SECOND)
    d.ctl("avail", note="avail before the reread")
    d.ctl("add comes", note="add before the reread")
    d.ctl("reread", note="reread after the edit")
    d.ctl("reread", note="reread a second time")
    d.ctl("avail", note="avail after the edit")
    d.ctl("add comes")
    d.ctl("add comes", note="add a second time")
    d.ctl("add comes_too comes nope")
    d.ctl("remove goes", note="remove what runs")
    d.ctl("remove goes_too")
    d.ctl("remove goes_too", note="remove a second time")
    d.ctl("stop goes", quiet=True)
    d.ctl("remove goes nope changes")
    d.ctl("reread", note="reread in between")
    d.ctl("update changes")
    d.ctl("update", note="the rest")
    d.ctl("update", note="nothing is left")
    d.ctl("reread", note="nothing to reread")
    d.until_state("changes", "RUNNING")
    d.until_state("pair:one", "RUNNING")
    d.until_state("pair:two", "RUNNING")
    d.until_state("comes", "RUNNING")
    d.ctl("status", note="what there is in the end")
    d.ctl("avail", note="what is known in the end")


@scenario(weight=4)
def update_everything(s):
    d = begun(s)
    d.rewrite(BASE + SECOND)
    d.ctl("update", unordered=True)
    d.ctl("avail")


@scenario(weight=4)
def update_by_name(s):
    d = begun(s)
    d.rewrite(BASE + SECOND)
    d.ctls("update nope", "update stays", "update goes", "update comes", "update pair", "update changes comes")
    d.ctl("update goes", note="update what is gone")
    d.ctl("update goes_too nope", unordered=True)
    d.ctl("update all", unordered=True)
    for name in ["changes", "comes", "pair:one", "pair:two"]:
        d.until_state(name, "RUNNING")
    d.ctl("status")


BROKEN = {
    "a bad value": BASE + FIRST + "startsecs=x\n",
    "a bad line": BASE + FIRST + "bad\n",
    "no header": "bad\n" + BASE,
    "no supervisord": "[program:a]\ncommand=cat\n[supervisorctl]\nserverurl=unix://{dir}/s.sock\n",
    "an unknown name": BASE + FIRST + "stdout_logfile=%(nope)s\n",
    "an unknown program in a group": BASE + "[group:g]\nprograms=nope\n",
    "a bad value of supervisord": BASE.replace("identifier=same", "minfds=x"),
    "an include without files": BASE + "[include]\n",
    "no command": BASE + "[program:x]\n",
    "a missing directory": BASE.replace("identifier=same", "directory=/nope"),
}


@scenario(weight=6)
def a_broken_file(s):
    """The client reads the same file, so it has one of its own."""
    d = begun(s)
    client = s.write("client.conf", s.fill("[supervisorctl]\nserverurl=unix://{dir}/s.sock\n"))

    def ctl(line, note):
        s.run(["supervisorctl", "-c", client, *line.split()], note)

    for name, text in BROKEN.items():
        d.rewrite(text)
        ctl("reread", f"reread: {name}")
        ctl("update", f"update: {name}")
    d.rewrite(BASE + FIRST)
    ctl("reread", "reread once it is mended")
    s.path("s.conf").unlink()
    ctl("reread", "reread without a file")
    ctl("update", "update without a file")
    ctl("avail", "avail without a file")
    ctl("status", "status without a file")


EDITS = {
    "nothing": "",
    "a comment": "; x\n",
    "priority": "priority=1\n",
    "autostart": "autostart=true\n",
    "autorestart": "autorestart=true\n",
    "autorestart, to what it was": "autorestart=unexpected\n",
    "startsecs": "startsecs=3\n",
    "startretries": "startretries=4\n",
    "exitcodes": "exitcodes=0,2\n",
    "stopsignal": "stopsignal=INT\n",
    "stopsignal, to what it was": "stopsignal=SIGTERM\n",
    "stopwaitsecs": "stopwaitsecs=11\n",
    "stopasgroup": "stopasgroup=true\n",
    "killasgroup": "killasgroup=true\n",
    "user": "user=root\n",
    "umask": "umask=077\n",
    "directory": "directory=/\n",
    "environment": "environment=A=1\n",
    "serverurl": "serverurl=http://x\n",
    "redirect_stderr": "redirect_stderr=true\n",
    "stdout_logfile": "stdout_logfile={dir}/x.log\n",
    "stderr_logfile": "stderr_logfile=NONE\n",
    "stdout_logfile_maxbytes": "stdout_logfile_maxbytes=1MB\n",
    "stdout_logfile_backups": "stdout_logfile_backups=1\n",
    "stdout_capture_maxbytes": "stdout_capture_maxbytes=1MB\n",
    "stdout_events_enabled": "stdout_events_enabled=true\n",
    "stdout_syslog": "stdout_syslog=true\n",
    "stderr_syslog": "stderr_syslog=true\n",
    "numprocs": "numprocs=2\nprocess_name=%(process_num)s\n",
    "numprocs_start": "numprocs_start=2\n",
    "process_name": "process_name=other\n",
    "an unknown key": "unknown=1\n",
    "the environment of all": "[supervisord]\nenvironment=B=2\n",
    "a setting of supervisord": "[supervisord]\nloglevel=debug\n",
    "another program": "[program:b]\ncommand=cat\nautostart=false\n",
    "an empty group": "[group:b]\n",
    "a group that takes it": "[group:b]\nprograms=p\n",
}


@scenario(weight=4)
def one_key(s):
    """Which edits `reread` takes for a change; the file goes back in between."""
    base = BASE + "[program:p]\nautostart=false\ncommand=cat\n"
    d = s.daemon(base)
    for name, lines in EDITS.items():
        d.rewrite(base + lines)
        answer = d.rpc("supervisor.reloadConfig")
        s.note(f"changed by {name}", repr(answer))


@scenario(weight=2)
def one_key_back(s):
    """The same, from a program that sets every key to one that sets none, key by key."""
    d = s.daemon(BASE + "[program:p]\nautostart=false\ncommand=cat\n")
    for name, lines in EDITS.items():
        if name in ("nothing", "a comment", "an unknown key") or "[" in lines:
            continue
        d.rewrite(BASE + "[program:p]\nautostart=false\ncommand=cat\n" + lines)
        d.ctl("update", quiet=True)
        d.rewrite(BASE + "[program:p]\nautostart=false\ncommand=cat\n")
        s.note(f"changed by taking out {name}", repr(d.rpc("supervisor.reloadConfig")))
        d.ctl("update", quiet=True)


@scenario(weight=4)
def unknown_and_stopped(s):
    """A changed program that was started by hand does not come back; one that failed does."""
    text = """
[program:stays]
command=cat
[program:hand]
command=cat
autostart=false
[program:failed]
command=/nonexistent/x
startretries=0
"""
    d = begun(s, text)
    d.ctl("start hand", quiet=True)
    d.until_state("failed", "FATAL")
    d.rewrite(BASE + text.replace("autostart=false", "autostart=false\npriority=3").replace("/nonexistent/x", "cat"))
    d.ctl("update")
    d.until_state("failed", "RUNNING")
    d.ctl("status")
    d.ctl("shutdown")
    s.note("the end", f"status {d.ended()}")
    for action in ["status", "start stays", "shutdown", "reread", "version", "pid"]:
        d.ctl(action, note=f"{action} after the end")


@scenario(weight=6)
def reload(s):
    d = begun(s)
    d.rewrite(BASE + SECOND)
    d.ctl("reload")
    d.until_log("supervisord started with pid", 2)
    d.until_state("comes", "RUNNING")
    d.until_state("pair:one", "RUNNING")
    d.until_state("changes", "RUNNING")
    d.until_state("stays", "RUNNING")
    d.until_state("pair:two", "RUNNING")
    d.ctl("status", note="status after the reload")
    d.ctl("avail", note="avail after the reload")
