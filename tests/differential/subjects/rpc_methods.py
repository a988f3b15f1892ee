"""The methods of `supervisor.*`: results and faults, by XML-RPC from Supervisor and by JSON-RPC from treeherd.

The wire differs, so what is compared is the value: `Fault` with its number and text, or the result with times and
pids taken out. Absent: parameters of a wrong type or number, which are a matter of the wire.
"""

import pprint

from scenario import scenario
from side import BASE, until

CONF = BASE + """
[program:cat]
command=cat
stdout_logfile={dir}/cat.out
[program:talks]
command=sh -c 'echo 0123456789; echo err >&2; exec cat'
stdout_logfile={dir}/talks.out
stderr_logfile={dir}/talks.err
[program:manual]
command=cat
autostart=false
[program:done]
command=true
startsecs=0
autorestart=false
[program:failed]
command=/nonexistent/x
startretries=0
[program:fails]
command=false
startretries=0
autostart=false
[program:noexec]
command={dir}/s.conf
startretries=0
autostart=false
[program:off]
command=cat
stdout_logfile=NONE
stderr_logfile=NONE
[program:mixed]
command=cat
redirect_stderr=true
[group:pair]
programs=one,two
priority=5
[program:one]
command=cat
[program:two]
command=cat
autostart=false
priority=7
[group:empty]
"""
TIMES = {"start", "stop", "now", "pid"}


def value(answer):
    """A result, without what must differ: a time that is not zero is `set`."""
    if isinstance(answer, dict):
        return {key: ("set" if part else 0) if key in TIMES else value(part) for key, part in answer.items()}
    if isinstance(answer, list):
        return [value(part) for part in answer]
    return answer


def begun(s):
    d = s.daemon(CONF)
    for name, state in [("cat", "RUNNING"), ("talks", "RUNNING"), ("done", "EXITED"), ("failed", "FATAL"), ("pair:one", "RUNNING")]:
        d.until_state(name, state)
    until("the words of talks", lambda: "err" in s.read("talks.err"))
    return d


def asker(s, d):
    """Calls and notes; the method is named without its namespace."""

    def ask(method, *params, note=None, unordered=False):
        answer = value(d.rpc(f"supervisor.{method}", *params))
        if unordered and isinstance(answer, list):
            answer.sort(key=repr)
        name = note or f"{method}({', '.join(map(repr, params))})"
        s.note(name, pprint.pformat(answer, width=110))

    return ask


@scenario(weight=3)
def reading(s):
    d = begun(s)
    ask = asker(s, d)
    for method in "getAPIVersion getVersion getSupervisorVersion getIdentification getState".split():
        ask(method)
    s.note("getPID is a number", str(isinstance(d.rpc("supervisor.getPID"), int)))
    ask("getAllProcessInfo")
    for name in ["cat", "pair:one", "pair:two", "done", "failed", "manual", "talks", "pair", "one", "pair:*", "nope", "nope:one", "pair:nope", "", ":", "cat:cat", "cat:", ":cat", "all", "empty:*"]:
        ask("getProcessInfo", name)


@scenario(weight=3)
def logs(s):
    d = begun(s)
    ask = asker(s, d)
    s.path("main.log").write_bytes(b"the main log\nits second line\n")
    for offset, length in [(0, 0), (0, 5), (4, 4), (-5, 0), (-100, 0), (100, 0), (100, 5), (0, 100), (-5, 3), (5, -1), (-5, -1), (0, -1), (-1, 1), (13, 0)]:
        ask("readLog", offset, length)
        ask("readProcessStdoutLog", "talks", offset, length)
        ask("tailProcessStdoutLog", "talks", offset, length)
    for method in "readProcessStdoutLog readProcessStderrLog tailProcessStdoutLog tailProcessStderrLog readProcessLog tailProcessLog".split():
        for name in ["talks", "pair:*", "nope", "nope:x", "pair", "manual", "off", "mixed", "cat"]:
            ask(method, name, 0, 99)
    for method in "readLog readMainLog".split():
        ask(method, 0, 8, note=f"{method} of eight bytes")
    s.path("cat.out").unlink()
    ask("readProcessStdoutLog", "cat", 0, 5, note="a file that is gone")
    ask("tailProcessStdoutLog", "cat", 0, 5, note="the tail of a file that is gone")
    for name in ["talks", "nope", "pair:*", "off", "mixed"]:
        ask("clearProcessLogs", name)
        ask("clearProcessLog", name)
    ask("readProcessStdoutLog", "talks", 0, 0, note="after it was cleared")
    ask("clearLog")
    s.path("main.log").unlink()
    ask("readLog", 0, 0, note="the main log when it is gone")
    ask("clearLog", note="clearing it when it is gone")


@scenario(weight=6)
def acting(s):
    d = begun(s)
    ask = asker(s, d)
    for name in ["nope", "nope:x", "pair:nope", "nope:*", "cat", "failed", "fails", "noexec", "manual", "empty:*", ""]:
        ask("startProcess", name)
        # What has failed may be FATAL or still BACKOFF now, by how fast the daemon looks.
        if name not in ("fails", "failed", "noexec"):
            ask("startProcess", name, False, note=f"startProcess({name!r}) without waiting")
    for name in ["nope", "nope:x", "pair:nope", "nope:*", "done", "failed", "manual", "empty:*"]:
        ask("stopProcess", name)
    ask("stopProcess", "manual", note="stopping it again")
    ask("startProcess", "manual", note="starting it again")
    for name in ["nope", "pair", "empty", "cat:*"]:
        ask("startProcessGroup", name, unordered=True)
        ask("stopProcessGroup", name, unordered=True)
    for signal, name in [("CONT", "talks"), ("NOPE", "talks"), ("18", "talks"), ("CONT", "nope"), ("CONT", "done"), ("NOPE", "nope"), ("CONT", "pair:*"), ("0", "talks")]:
        ask("signalProcess", name, signal)
    ask("signalProcessGroup", "pair", "CONT", unordered=True)
    ask("signalProcessGroup", "nope", "CONT")
    ask("signalProcessGroup", "pair", "NOPE")
    ask("signalAllProcesses", "CONT", unordered=True)
    ask("sendProcessStdin", "talks", "typed\n")
    until("what was typed", lambda: "typed" in s.read("talks.out"))
    for name, text in [("nope", "x"), ("done", "x"), ("pair:*", "x"), ("talks", "")]:
        ask("sendProcessStdin", name, text)
    ask("sendProcessStdin", "talks", "gr\u00fcn \U0001f600\n")
    until("letters beyond ASCII", lambda: "\U0001f600" in s.read("talks.out"))
    s.note("what has arrived", s.read("talks.out"))
    ask("sendRemoteCommEvent", "type", "data")
    ask("stopAllProcesses", unordered=True)
    ask("getAllProcessInfo", note="the end of all")


@scenario(weight=3)
def groups(s):
    d = begun(s)
    ask = asker(s, d)
    for name in ["nope", "cat", "pair", "empty", "pair:one", ""]:
        ask("addProcessGroup", name)
    for name in ["nope", "cat", "pair", "pair:one", ""]:
        ask("removeProcessGroup", name)
    ask("removeProcessGroup", "empty")
    ask("removeProcessGroup", "empty", note="removing it again")
    ask("addProcessGroup", "empty", note="adding it again")
    ask("removeProcessGroup", "manual")
    ask("getProcessInfo", "manual", note="what is removed")
    ask("startProcess", "manual", note="starting what is removed")
    ask("reloadConfig")
    d.rewrite(CONF + "startsecs=x\n")
    ask("reloadConfig", note="a broken file")
    d.rewrite(CONF + "[program:fresh]\ncommand=cat\n")
    ask("reloadConfig", note="a fresh program")
    ask("addProcessGroup", "fresh")
    d.until_state("fresh", "RUNNING")
    ask("getProcessInfo", "fresh")


@scenario
def credentials(s):
    d = s.daemon(BASE.replace("[rpcinterface", "username=me\npassword={SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4\n[rpcinterface", 1))
    for name, given in [("none", None), ("right", "me:secret"), ("wrong", "me:wrong"), ("another", "you:secret"), ("no password", "me:"), ("no colon", "me")]:
        s.note(name, repr(d.rpc("supervisor.getState", credentials=given)))
