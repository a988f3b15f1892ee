"""Events: all that a listener is told, byte for byte, and all that its pool says in the log."""

import re

from scenario import scenario
from side import BASE, until

# Notes every byte it is told, and answers as the words of a file say, one each; then OK.
RECORDER = r"""
import os, sys
told, answers = sys.argv[1], sys.argv[2:]
def say(text):
    os.write(1, text)
def line():
    text = b""
    while not text.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit()
        text += byte
    return text
def exactly(count):
    data = b""
    while len(data) < count:
        data += os.read(0, count - len(data))
    return data
say(b"READY\n")
while True:
    header = line()
    payload = exactly(int(header.rsplit(b":", 1)[1]))
    with open(told, "ab") as file:
        file.write(header + payload + b"\n")
    answer = answers.pop(0).encode() if answers else b"OK"
    say(b"RESULT %d\n%sREADY\n" % (len(answer), answer))
"""


def listener(s, name, events, more="", answers=""):
    s.write("recorder.py", RECORDER)
    return (
        f"[eventlistener:{name}]\ncommand=python3 {{dir}}/recorder.py {{dir}}/{name}.told {answers}\n"
        f"events={events}\nstartsecs=0\nbuffer_size=100\n{more}\n"
    )


def told(s, name, piece):
    """All that a listener was told, once this is in it; pids as N, and with them the lengths."""
    until(f"{name} is told of {piece!r}", lambda: piece in s.read(f"{name}.told"))
    text = re.sub(r"pid:[1-9]\d*", "pid:N", s.read(f"{name}.told"))
    return re.sub(r"(eventname:PROCESS_(?:STATE|LOG|COMM)\S*) len:\d+", r"\1 len:L", text)


@scenario
def states(s):
    cat = "[program:cat]\ncommand=cat\nautostart=false\nstartsecs=0\n"
    fails = "[program:none]\ncommand=/no/such/file\nautostart=false\nstartretries=1\n"
    ends = "[program:ends]\ncommand=/bin/sh -c 'exit 3'\nautostart=false\nstartsecs=0\nautorestart=false\n"
    d = s.daemon(BASE + cat + fails + ends + listener(s, "lis", "PROCESS_STATE"))
    told(s, "lis", "groupname:lis from_state:STARTING")
    d.rpc("supervisor.startProcess", "cat")
    d.rpc("supervisor.stopProcess", "cat")
    told(s, "lis", "from_state:STOPPING")
    d.rpc("supervisor.startProcess", "ends", False)
    s.note("states", told(s, "lis", "expected:0"))


@scenario
def groups_and_messages(s):
    d = s.daemon(BASE + listener(s, "lis", "PROCESS_GROUP,REMOTE_COMMUNICATION,SUPERVISOR_STATE_CHANGE"))
    d.until_state("lis", "RUNNING")
    d.rpc("supervisor.sendRemoteCommEvent", "a type", "some data\nin lines\n")
    s.note("told", told(s, "lis", "in lines"))


@scenario
def output(s):
    script = 'echo out; sleep 0.5; echo err >&2; sleep 0.5; printf "<!--XSUPERVISOR:BEGIN-->%s<!--XSUPERVISOR:END-->" '
    talk = (
        f"[program:talk]\ncommand=/bin/sh -c '{script.replace('%', '%%')} \"a long enough message\"; sleep 0.5; exec sleep 60'\n"
        "autostart=false\nstdout_events_enabled=true\nstderr_events_enabled=true\n"
    )
    d = s.daemon(BASE + talk + listener(s, "lis", "PROCESS_LOG_STDERR,PROCESS_LOG_STDOUT"))
    d.until_state("lis", "RUNNING")
    d.rpc("supervisor.startProcess", "talk")
    s.note("told", told(s, "lis", "a long enough message"))


@scenario
def what_is_rejected_comes_again(s):
    conf = BASE.replace("[unix_http_server]", "loglevel=debug\n[unix_http_server]")
    d = s.daemon(conf + listener(s, "lis", "REMOTE_COMMUNICATION", answers="FAIL no"))
    d.until_state("lis", "RUNNING")
    d.until_log("lis: ACKNOWLEDGED -> READY")
    d.rpc("supervisor.sendRemoteCommEvent", "t", "d")
    d.until_log("lis: event was processed")
    s.note("told", told(s, "lis", "poolserial:0"))
    about = re.compile(r"event \d|event was|BUSY -> ")
    lines = (line.split(" ", 2)[2] for line in d.log().splitlines() if about.search(line))
    s.note("the log", "\n".join(lines))


@scenario
def a_full_buffer(s):
    d = s.daemon(BASE + listener(s, "lis", "REMOTE_COMMUNICATION", "autostart=false\n").replace("buffer_size=100", "buffer_size=2"))
    for data in "abcd":
        d.rpc("supervisor.sendRemoteCommEvent", "t", data)
    d.until_log("discarding event 1")
    d.rpc("supervisor.startProcess", "lis")
    s.note("told", told(s, "lis", "type:t\nd"))
    lines = (line.split(" ", 2)[2] for line in d.log().splitlines() if "overflowed" in line)
    s.note("the log", "\n".join(lines))
