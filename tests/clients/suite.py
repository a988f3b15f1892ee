"""Clients of Supervisor against treeherd, and ours against Supervisor.

    supervisorctl of either kind --> supervisord of either kind     the same session, four times: the same output
    xmlrpc.client, childutils, superlance, multivisor, Ansible --> treeherd     what each is written for

Words choose tests by their names. Ends with `N passed, N failed`.
"""

import contextlib
import difflib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import xmlrpc.client

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = pathlib.Path(sys.executable).parent
OURS = pathlib.Path(os.environ.get("TREEHERD_BIN", ROOT / "target" / "release")).resolve()
DEADLINE = 30
TESTS = []

CONF = """[supervisord]
logfile={dir}/main.log
pidfile={dir}/pid
childlogdir={dir}
identifier=same
[unix_http_server]
file={dir}/s.sock
username=chris
password=1:23
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{dir}/s.sock
username=chris
password=1:23
prompt=shell
[program:cat]
command=cat
startsecs=0
stdout_logfile={dir}/cat.log
[program:off]
command=cat
autostart=false
startsecs=0
[program:none]
command={dir}/none
autostart=false
[program:a]
command=cat
autostart=false
startsecs=0
[program:b]
command=cat
autostart=false
startsecs=0
[group:pair]
programs=a,b
"""

# What is another in each run.
VARYING = [
    (re.compile(r"\bpid \d+"), "pid <pid>"),
    (re.compile(r"uptime \d+:\d\d:\d\d"), "uptime <uptime>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"), "<time>"),
    (re.compile(r"\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M"), "<date>"),
    (re.compile(r"^[1-9]\d+$", re.M), "<pid>"),
    (re.compile(r": file: \S* line: \d+$", re.M), ": file: <file>"),
    # the table of actions that Supervisor does not have
    (re.compile(r"\ntreeherd commands \(type help <topic>\):\n=+\n([a-z ]+\n)+\n"), ""),
]

ACTIONS = [
    "status", "status cat", "status pair:*", "status nope", "version", "pid", "pid cat", "pid all", "pid nope", "avail",
    "start off", "start off", "start none", "start nope", "start pair:*", "start nope:*", "stop off", "stop off",
    "stop pair:*", "restart cat", "restart pair:*", "restart nope", "signal CONT cat", "signal NOPE cat",
    "signal CONT nope", "clear cat", "clear nope", "tail cat", "tail -5 cat", "tail cat stderr", "tail nope",
    "maintail -0x", "reread", "update", "add cat", "add nope", "remove cat", "remove off", "add off", "remove nope",
    "help", "help start", "nonsense", "fg", "fg nope", "fg off", "start", "open x",
]  # fmt: skip
SHELL = ["status cat", "stop cat", "start cat", "help status", "tail cat", "nonsense", "", "version", "exit"]


def test(function):
    TESTS.append(function)
    return function


def until(what, ask):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + DEADLINE
    while True:
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            if answer := ask():
                return answer
        assert time.monotonic() < end, f"not within {DEADLINE} s: {what}"
        time.sleep(0.02)


class Unix(xmlrpc.client.Transport):
    """XML-RPC over a unix socket, as whoever is let in."""

    def __init__(self, path):
        super().__init__(headers=[("Authorization", "Basic Y2hyaXM6MToyMw==")])
        self.path = str(path)

    def make_connection(self, host):
        connection = super().make_connection(host)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        return connection


class Daemon:
    """A supervisord of one kind in a directory of its own."""

    def __init__(self, programs, more="", words=()):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="client"))
        self.conf = self.dir / "s.conf"
        self.conf.write_text((CONF + more).replace("{dir}", str(self.dir)))
        self.said = open(self.dir / "said", "wb")
        self.process = subprocess.Popen(
            [programs / "supervisord", "-n", "-c", self.conf, *words], stdin=subprocess.DEVNULL, stdout=self.said,
            stderr=self.said, cwd=self.dir, start_new_session=True,
        )

    def __enter__(self):
        until("the daemon answers", lambda: self.proxy().supervisor.getState())
        self.until_state("cat", "RUNNING")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        finally:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.said.close()
            shutil.rmtree(self.dir, ignore_errors=True)

    def proxy(self):
        return xmlrpc.client.ServerProxy("http://localhost", transport=Unix(self.dir / "s.sock"))

    def state(self, name):
        return self.proxy().supervisor.getProcessInfo(name)["statename"]

    def until_state(self, name, state):
        until(f"{name} is {state}", lambda: self.state(name) == state)

    def environment(self):
        return dict(
            os.environ, SUPERVISOR_SERVER_URL=f"unix://{self.dir}/s.sock", SUPERVISOR_USERNAME="chris",
            SUPERVISOR_PASSWORD="1:23", LANG="C.UTF-8", PYTHONUNBUFFERED="1",
        )  # fmt: skip

    def run(self, argv, input=""):
        return subprocess.run(
            list(map(str, argv)), input=input, capture_output=True, text=True, timeout=DEADLINE, cwd=self.dir,
            env=self.environment(),
        )

    def ctl(self, programs, words, input=""):
        return self.run([programs / "supervisorctl", "-c", self.conf, *words], input)

    def normal(self, text):
        text = text.replace(str(self.dir), "<dir>")
        for pattern, instead in VARYING:
            text = pattern.sub(instead, text)
        return text

    def follow(self, programs, words, awaited, typed=None):
        """An action that does not end by itself: waits for a text in its output, then interrupts it."""
        out = self.dir / "follow"
        with open(out, "wb") as stdout:
            process = subprocess.Popen(
                [programs / "supervisorctl", "-c", self.conf, *words], stdin=subprocess.PIPE, stdout=stdout,
                stderr=subprocess.DEVNULL, cwd=self.dir, env=self.environment(), start_new_session=True,
            )
        try:
            until(f"{words} begins", lambda: "Press Ctrl-C" in out.read_text())
            if typed:
                process.stdin.write(typed)
                process.stdin.flush()
            until(f"{awaited!r} from {words}", lambda: awaited in out.read_text())
            process.send_signal(signal.SIGINT)
            # Supervisor's fg does not always end when it says so.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
        finally:
            process.kill()
            process.wait()
        return out.read_text()


def session(client, daemon):
    """All actions, the shell, and the logs, with one control program on one daemon: what it printed."""
    told = []
    with Daemon(daemon) as d:
        d.proxy().supervisor.sendProcessStdin("cat", "The Øresund bridge\n")
        until("the echo", lambda: "bridge" in d.proxy().supervisor.readProcessStdoutLog("cat", 0, 0))
        for action in ACTIONS:
            done = d.ctl(client, action.split())
            lines = d.normal(done.stdout).splitlines(keepends=True)
            # The processes of a group are told in the order in which they happen to end.
            said = "".join(sorted(lines) if ":*" in action else lines)
            told.append(f"$ {action}\n{said}= {done.returncode}\n")
        done = d.ctl(client, [], "".join(line + "\n" for line in SHELL))
        told.append(f"the shell\n{d.normal(done.stdout)}= {done.returncode}\n")
        d.proxy().supervisor.sendProcessStdin("cat", "and back\n")
        told.append(d.follow(client, ["tail", "-f", "cat"], "and back").strip() + "\n")
        d.ctl(client, ["clear", "cat"])
        said = d.follow(client, ["fg", "cat"], "over there", b"over there\n")
        assert "over there" in said, said
        done = d.ctl(client, ["shutdown"])
        told.append(f"$ shutdown\n{done.stdout}= {done.returncode}\n")
        until("the daemon's end", lambda: d.process.poll() is not None)
    return "".join(told)


def compared(name, seen, expected):
    lines = difflib.unified_diff(expected.splitlines(), seen.splitlines(), "expected", name, lineterm="", n=4)
    assert seen == expected, "\n".join(lines)


@test
def supervisorctl_of_either_kind_with_supervisord_of_either_kind():
    expected = session(VENV, VENV)
    compared("Supervisor's client, our daemon", session(VENV, OURS), expected)
    compared("our client, Supervisor's daemon", session(OURS, VENV), expected)
    compared("our client, our daemon", session(OURS, OURS), expected)


@test
def supervisorctl_of_ours_says_what_a_python_daemon_does_not_have():
    with Daemon(VENV) as d:
        # one group goes, one changes: nothing of it is done by halves
        text = d.conf.read_text().replace("[program:off]", "[program:new]")
        d.conf.write_text(text.replace("programs=a,b", "programs=a,b\npriority=5"))
        for words in ["plan", "events", "events -f", "update --per-process"]:
            done = d.ctl(OURS, words.split())
            assert done.returncode, words
            assert "written in Python, which cannot do this" in done.stderr, done
        assert [row["name"] for row in d.proxy().supervisor.getAllProcessInfo()] == ["cat", "none", "off", "a", "b"]
        assert d.ctl(OURS, ["completion", "processes", "--", "pair:"]).stdout == "pair:*\npair:a\npair:b\n"
        done = d.ctl(OURS, ["-u", "chris", "-p", "wrong", "status"])
        assert (done.stdout, done.returncode) == ("Server requires authentication\n", 1), done


ENDINGS = """
[program:bad]
command=/bin/sh -c 'exit 3'
startsecs=0
autorestart=false
stderr_logfile=NONE
[program:good]
command=/bin/sh -c 'exit 0'
startsecs=0
[program:killed]
command=/bin/sh -c 'kill -9 $$'
startsecs=0
autorestart=false
[program:loop]
command=/bin/sh -c 'sleep 0.2; exit 1'
startsecs=0
autostart=false
[program:late]
command=cat
startsecs=2
autostart=false
"""

# What only a daemon of ours tells.
OURS_ALONE = {"restarts", "incarnation", "attempt", "seq"}
TIMES = {"startedAt", "stoppedAt", "uptimeMs"}


@test
def status_for_programs_tells_the_same_of_a_daemon_of_either_kind():
    told = {}
    for programs in [VENV, OURS]:
        with Daemon(programs, ENDINGS) as d:
            for name in ["bad", "good", "killed"]:
                d.until_state(name, "EXITED")
            d.proxy().supervisor.startProcess("off")
            d.proxy().supervisor.stopProcess("off")
            done = d.ctl(OURS, ["status", "--json", "--check"])
            assert (done.returncode, done.stderr) == (3, ""), done
            rows = json.loads(done.stdout.replace(str(d.dir), "<dir>"))
            for row in rows:
                for field in ["startedAt", "stoppedAt"]:
                    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d.000Z", row.get(field, "2000-01-01T00:00:00.000Z"))
                assert row.get("pid", 1) > 0 and row.get("uptimeMs", 0) >= 0 and ("pid" in row) == ("uptimeMs" in row), row
            if programs == VENV:
                assert all(not OURS_ALONE & set(row) for row in rows), rows
            shown = {}
            for row in rows:
                row["told"] = sorted(TIMES & set(row))
                for field in [*OURS_ALONE, *TIMES, "pid", "description"]:
                    row.pop(field, None)
                # the names of automatic files are made up
                row["logs"] = sorted(row["logs"])
                if row["name"] in ("killed", "off"):
                    assert ("signal" in row["exit"]) == (programs == OURS), row
                    row["exit"] = "by a signal"
                shown[row["name"]] = row
            told[programs] = shown
            done = d.ctl(OURS, ["status", "--check"])
            assert [line.split()[:2] for line in done.stdout.splitlines()] == [["bad", "EXITED"], ["killed", "EXITED"]], done
            assert done.returncode == 3, done
            for words, code in [("cat good off none", 0), ("cat nope", 4), ("cat bad nope", 4)]:
                assert d.ctl(OURS, ["status", "--check", *words.split()]).returncode == code, words
            assert d.ctl(OURS, ["-s", f"unix://{d.dir}/none", "status", "--check"]).returncode == 4
    assert told[VENV] == told[OURS], told


@test
def wait_ends_alike_with_a_daemon_of_either_kind():
    for programs in [VENV, OURS]:
        with Daemon(programs, ENDINGS) as d:
            api = d.proxy().supervisor
            d.until_state("good", "EXITED")
            for words, out, code in [
                ("cat pair:* --timeout 0", "pair:a: ERROR (not running: STOPPED, Not started)", 1),
                ("cat", "cat: running", 0),
                ("bad", "bad: ERROR (will not be running: EXITED, exit status 3)", 7),
                ("good --for stopped", "good: stopped", 0),
                ("off --timeout 0.7", "off: ERROR (not running after 700ms: STOPPED, Not started)", 1),
                ("nope cat", "nope: ERROR (no such process)", 4),
            ]:
                done = d.ctl(OURS, ["wait", *words.split()])
                assert out in done.stdout.splitlines() and done.returncode == code, (programs, words, done)
            # it runs only after a while
            api.startProcess("late", False)
            done = d.ctl(OURS, ["wait", "late", "cat"])
            assert (done.stdout, done.returncode) == ("late: running\ncat: running\n", 0), done
            # it ends and comes back, so it is not given up, and never stopped for good
            api.startProcess("loop")
            done = d.ctl(OURS, ["wait", "loop", "--for", "stopped", "--timeout", "6s"])
            assert done.returncode == 1 and done.stdout.startswith("loop: ERROR (not stopped after 6s: "), done
            api.stopProcess("loop")


@test
def wait_asks_a_python_daemon_at_a_measured_pace_and_ends_with_it():
    with Daemon(VENV, words=["-e", "trace"]) as d:
        asked = lambda: (d.dir / "main.log").read_text().count("called: supervisor.getAllProcessInfo()")
        done = d.ctl(OURS, ["wait", "off", "--timeout", "2s"])
        assert done.returncode == 1 and 2 <= asked() <= 5, (asked(), done)
        process = subprocess.Popen(
            [OURS / "supervisorctl", "-c", d.conf, "wait", "off"], stdout=subprocess.PIPE, text=True, cwd=d.dir,
        )
        try:
            before = asked()
            until("it has asked twice", lambda: asked() >= before + 2)
            d.process.terminate()
            out, _ = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
            process.wait()
        told = "off: ERROR (not running, and supervisord has gone: STOPPED, Not started)\n"
        assert (out, process.returncode) == (told, 4), (out, process.returncode)


@test
def pythons_own_client_gets_types_faults_and_several_calls():
    with Daemon(OURS) as d:
        proxy = d.proxy()
        api = proxy.supervisor
        info = api.getProcessInfo("cat")
        assert info["pid"] > 0 and type(info["start"]) is int and info["statename"] == "RUNNING", info
        assert api.startProcess("off") is True and api.stopProcess("off", True) is True
        rows = api.startProcess("pair:*", True)
        assert rows == [{"name": n, "group": "pair", "status": 80, "description": "OK"} for n in "ab"], rows
        for call, code, text in [
            (lambda: api.startProcess("nope"), 10, "BAD_NAME: nope"),
            (lambda: api.startProcess("cat"), 60, "ALREADY_STARTED: cat"),
            (lambda: api.nope(), 1, "UNKNOWN_METHOD"),
            (lambda: api.getState(1), 2, "INCORRECT_PARAMETERS"),
            (lambda: api.readLog(0, -1), 3, "BAD_ARGUMENTS"),
            (lambda: api.signalProcess("cat", "NO"), 11, "BAD_SIGNAL: NO"),
        ]:
            try:
                call()
                raise AssertionError(f"{text} was expected")
            except xmlrpc.client.Fault as fault:
                assert (fault.faultCode, fault.faultString) == (code, text), fault
        names = proxy.system.listMethods()
        assert {"supervisor.getState", "system.multicall", "process.list"} <= set(names), names
        answers = proxy.system.multicall(
            [{"methodName": "supervisor.getAPIVersion"}, {"methodName": "nope", "params": []}]
        )
        assert answers == ["3.0", {"faultCode": 1, "faultString": "UNKNOWN_METHOD"}], answers
        assert api.sendProcessStdin("cat", xmlrpc.client.Binary("Grüße\n".encode())) is True
        until("the echo", lambda: "Grüße" in api.readProcessStdoutLog("cat", 0, 0))
        tail = api.tailProcessStdoutLog("cat", 0, 100)
        assert tail == ["Grüße\n", 8, False], tail


CHILD = """
import os, sys
from supervisor import childutils
api = childutils.getRPCInterface(os.environ).supervisor
print(api.getState()['statename'], api.getProcessInfo('cat')['statename'], api.stopProcess('cat'), flush=True)
sys.stdin.read()
"""


@test
def a_program_reaches_its_daemon_by_supervisors_library():
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(CHILD)
        script.flush()
        more = (
            f"[program:child]\ncommand={VENV}/python {script.name}\nstdout_logfile={{dir}}/child.log\n"
            "environment=SUPERVISOR_USERNAME=\"chris\",SUPERVISOR_PASSWORD=\"1:23\"\n"
        )
        with Daemon(OURS, more) as d:
            log = lambda: d.proxy().supervisor.readProcessStdoutLog("child", 0, 0)
            assert until("the child's words", log) == "RUNNING RUNNING True\n"


MULTIVISOR = """
import os
from multivisor.server.rpc import Supervisor, get_rpc
dashboard = Supervisor(get_rpc())
print(dashboard.getIdentification(), dashboard.getSupervisorVersion(), dashboard.getAPIVersion(), dashboard.getPID() > 0)
print([each['name'] for each in dashboard.getAllProcessInfo()])
print(dashboard.stopProcess('cat'), dashboard.startProcess('cat', False), dashboard.getProcessInfo('cat')['statename'])
print(dashboard.readProcessStdoutLog('cat', -1000, 0) == '', dashboard.reloadConfig(), dashboard.restart())
"""


SUPERLANCE = """
[eventlistener:crashmail]
command={bin}/crashmail -a -m root -s {dir}/mail.sh
events=PROCESS_STATE_EXITED
[eventlistener:memmon]
command={bin}/memmon -p eater=20MB -m root -s {dir}/mail.sh
events=TICK_5
[eventlistener:httpok]
command={bin}/httpok -p off -t 1 -m root -s {dir}/mail.sh http://127.0.0.1:9/
events=TICK_5
[eventlistener:fatalmailbatch]
command={bin}/fatalmailbatch --toEmail=root@x --fromEmail=ada@x --interval=0.05 --tickEvent=TICK_5 --smtpHost={smtp} --subject=fatal
events=PROCESS_STATE,TICK_5
[eventlistener:crashmailbatch]
command={bin}/crashmailbatch --toEmail=root@x --fromEmail=ada@x --interval=0.05 --tickEvent=TICK_5 --smtpHost={smtp} --subject=crash
events=PROCESS_STATE,TICK_5
[program:crash]
command=/bin/sh -c 'exit 3'
startsecs=0
autostart=false
autorestart=false
[program:gone]
command=/bin/sh -c 'exit 1'
startsecs=5
startretries=0
autostart=false
[program:eater]
command={bin}/python -c "x = bytearray(60 * 1024 * 1024); import time; time.sleep(600)"
startsecs=0
"""


class Serving:
    """A TCP server of a test: every connection is handed to a function, on a thread of its own."""

    def __init__(self, converse):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.converse = converse
        self.connections = []
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        # wakes the thread
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(DEADLINE)
        self.socket.close()
        for connection in self.connections:
            connection.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                connection.settimeout(DEADLINE)
                self.connections.append(connection)
                with contextlib.suppress(OSError):
                    self.converse(connection)


def answering(status):
    """Answers a request of HTTP."""

    def converse(connection):
        connection.recv(4096)
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".encode())
        connection.close()

    return converse


def silent(connection):
    """Accepts, and never says a word."""


def post(letters):
    """A mail server that keeps what it gets."""

    def converse(connection):
        with connection, connection.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 here\r\n")
            for line in lines:
                word = line[:4].upper().strip()
                if word == b"DATA":
                    lines.write(b"354 go on\r\n")
                    letter = list(iter(lines.readline, b".\r\n"))
                    letters.append(b"".join(letter).decode())
                lines.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                if word == b"QUIT":
                    return

    return converse


@test
def the_listeners_of_superlance_do_their_work():
    who = 'environment=SUPERVISOR_USERNAME="chris",SUPERVISOR_PASSWORD="1:23"\nstderr_logfile={dir}/%(program_name)s.err\n'
    letters = []
    with Serving(post(letters)) as office:
        sections = SUPERLANCE.replace("events=", who + "events=").replace("{bin}", str(VENV))
        with Daemon(OURS, sections.replace("{smtp}", office.address)) as d:
            mail = d.dir / "mail.sh"
            mail.write_text(f"#!/bin/sh\ncat >>{d.dir}/mails\n")
            mail.chmod(0o755)
            api = d.proxy().supervisor
            listeners = ["crashmail", "memmon", "httpok", "fatalmailbatch", "crashmailbatch"]
            for name in listeners:
                d.until_state(name, "RUNNING")
            api.startProcess("off")
            before = {name: api.getProcessInfo(name)["pid"] for name in ["eater", "off"]}
            api.startProcess("crash", False)
            api.startProcess("gone", False)
            mails = d.dir / "mails"
            for words in [
                "Subject:  crash crashed at ", "Process crash in group crash exited unexpectedly",
                "process eater:eater restarted", "off restarted",
            ]:
                until(words, lambda words=words: words in mails.read_text())
            for name, pid in before.items():
                until("a new pid", lambda name=name, pid=pid: api.getProcessInfo(name)["pid"] not in (0, pid))
            for subject, words in [
                ("crash", "Process crash:crash (pid "), ("fatal", "Process gone:gone failed to start too many times"),
            ]:
                is_it = lambda letter, s=subject, w=words: f"Subject: {s}" in letter and w in letter and "To: root@x" in letter
                until(f"the letter of {subject}", lambda is_it=is_it: any(map(is_it, letters)))
            assert all(api.getProcessInfo(name)["statename"] == "RUNNING" for name in listeners)


HTTPOK = """
[eventlistener:httpok_{name}]
command={bin}/httpok -p {name} -t 2 -m root -s {dir}/mail.sh http://{address}/
environment=SUPERVISOR_USERNAME="chris",SUPERVISOR_PASSWORD="1:23"
events=TICK_5
[program:{name}]
command=cat
startsecs=0
"""


@test
def httpok_restarts_what_is_silent_or_answers_with_an_error_and_leaves_the_rest_alone():
    with Serving(silent) as mute, Serving(answering("500 No")) as broken, Serving(answering("200 OK")) as good:
        sections = "".join(
            HTTPOK.replace("{name}", name).replace("{address}", server.address).replace("{bin}", str(VENV))
            for name, server in [("mute", mute), ("broken", broken), ("good", good)]
        )
        with Daemon(OURS, sections) as d:
            mail = d.dir / "mail.sh"
            mail.write_text(f"#!/bin/sh\ncat >>{d.dir}/mails\n")
            mail.chmod(0o755)
            api = d.proxy().supervisor
            for name in ["mute", "broken", "good"]:
                d.until_state(f"httpok_{name}", "RUNNING")
            before = {name: api.getProcessInfo(name)["pid"] for name in ["mute", "broken", "good"]}
            for name in ["mute", "broken"]:
                until(f"{name} is another", lambda name=name: api.getProcessInfo(name)["pid"] not in (0, before[name]))
            mails = d.dir / "mails"
            for words in ["timed out", "500 No", "mute restarted", "broken restarted"]:
                until(words, lambda words=words: words in mails.read_text())
            until("a third look", lambda: len(good.connections) >= 2)
            assert api.getProcessInfo("good")["pid"] == before["good"]
            assert "good restarted" not in mails.read_text()
            assert all(api.getProcessInfo(f"httpok_{name}")["statename"] == "RUNNING" for name in before)


@test
def multivisors_agent_finds_and_calls_the_methods_it_needs():
    with Daemon(OURS) as d:
        done = d.run([VENV / "python", "-c", MULTIVISOR])
        expected = (
            "same 4.3.0 3.0 True\n['cat', 'none', 'off', 'a', 'b']\nTrue True RUNNING\nTrue [[[], [], []]] True\n"
        )
        assert done.stdout == expected, done


def play(d, programs, **arguments):
    """Runs Ansible's module once; what it says, as its one line begins."""
    words = " ".join(f"{name}={value}" for name, value in arguments.items())
    words += f" supervisorctl_path={programs}/supervisorctl config={d.conf}"
    environment = dict(
        os.environ, ANSIBLE_COLLECTIONS_PATH=str(VENV.parent / "collections"), ANSIBLE_LOCALHOST_WARNING="False",
        ANSIBLE_HOME=str(d.dir / "ansible"), ANSIBLE_PYTHON_INTERPRETER=sys.executable, LANG="C.UTF-8",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="False", ANSIBLE_NOCOLOR="1",
    )  # fmt: skip
    done = subprocess.run(
        [VENV / "ansible", "localhost", "-o", "-m", "community.general.supervisorctl", "-a", words],
        capture_output=True, text=True, timeout=60, env=environment, cwd=d.dir,
    )
    found = re.search(r"localhost \| (\w+)", done.stdout)
    assert found, done
    return found.group(1)


@test
def ansibles_module_brings_programs_where_they_shall_be():
    with Daemon(OURS) as d:
        done = [
            play(d, VENV, name="off", state="started"),
            play(d, VENV, name="off", state="started"),
            play(d, VENV, name="cat", state="restarted"),
            play(d, VENV, name="cat", state="signalled", signal="CONT"),
            play(d, VENV, name="pair:", state="started"),
            play(d, VENV, name="off", state="stopped"),
            play(d, VENV, name="off", state="absent"),
            play(d, VENV, name="off", state="present"),
            play(d, VENV, name="none", state="started"),
        ]
        assert done == ["CHANGED", "SUCCESS", *["CHANGED"] * 6, "FAILED"], done
        assert (d.state("cat"), d.state("off")) == ("RUNNING", "STOPPED")
        # with our supervisorctl in Supervisor's place
        assert play(d, OURS, name="off", state="started") == "CHANGED"
        assert play(d, OURS, name="cat", state="restarted") == "CHANGED"
        assert play(d, OURS, name="none", state="started") == "FAILED"


def main(words):
    failed = 0
    chosen = [each for each in TESTS if not words or any(word in each.__name__ for word in words)]
    for each in chosen:
        begun = time.monotonic()
        try:
            each()
            told = "ok"
        except Exception:
            failed += 1
            told = "FAILED\n" + traceback.format_exc()
        print(f"{each.__name__} ... {told} ({time.monotonic() - begun:.1f} s)", flush=True)
    print(f"\n{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
