"""One of the two sides, as a scenario sees it: a directory, its programs, and what was seen of them.

A scenario is a function that is run twice, once with the `Side` of treeherd and once with Supervisor's. What it
sees it notes by name (`note`, or any of the helpers, which note for it); afterwards the notes of both sides are
compared, name by name. Both sides run with an environment that differs in nothing but the directory, and the two
directories have names of the same length. Nothing here decides what is equal: that is `compare.py`.
"""

import contextlib
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import time

import rpc
import terminal

DEADLINE = 30.0
MARK = "DIFFERENTIAL_SITE"
INTERRUPT = signal.SIGINT
# Below those that the system gives to clients, and apart from those of another run. `next` on it is atomic.
PORTS = itertools.count(10000 + os.getpid() % 340 * 64)


class Late(Exception):
    """A condition did not come true in time."""


class Wrong(Exception):
    """What a scenario relies on did not happen: nothing is compared, and the scenario fails."""


def until(what, ask, deadline=DEADLINE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + deadline
    while True:
        with contextlib.suppress(OSError, ValueError):
            answer = ask()
            if answer:
                return answer
        if time.monotonic() > end:
            raise Late(f"not within {deadline:.0f} s: {what}")
        time.sleep(0.02)


class Seen:
    """What is compared: a text, or what a command wrote and how it ended."""

    def __init__(self, out, err="", code=None):
        self.out, self.err, self.code = out, err, code

    def __eq__(self, other):
        return (self.out, self.err, self.code) == (other.out, other.err, other.code)

    def is_silent(self):
        """Whether there is nothing to compare: an empty text, or a failure without a word."""
        return not self.out and not self.err and self.code != 0

    def __str__(self):
        if self.code is None:
            return self.out
        parts = [f"exit status {self.code}\n"]
        parts += [f"-- {name}\n{text}" for name, text in [("stdout", self.out), ("stderr", self.err)] if text]
        return "".join(parts)


class Side:
    """One side of one scenario."""

    def __init__(self, is_ours, root, name):
        self.is_ours = is_ours
        self.root = root
        self.dir = root / name
        self.dir.mkdir()
        self.dir.chmod(0o755)
        self.notes = {}
        self.ports = {}
        self.started = []
        self.environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root" if os.getuid() == 0 else os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "COLUMNS": "80",
            "LINES": "24",
            MARK: str(self.dir),
        }

    # -- what is compared

    def note(self, name, seen):
        """Puts down what was seen; a text, or a `Seen`."""
        if name in self.notes:
            raise Wrong(f"two notes are called {name!r}")
        self.notes[name] = seen if isinstance(seen, Seen) else Seen(str(seen))

    # -- files

    def path(self, name):
        return self.dir / name

    def write(self, name, text):
        """Writes a file of the scenario's directory: a text as UTF-8, or bytes."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name):
        return self.path(name).read_bytes().decode("utf-8", "backslashreplace")

    def fill(self, text):
        """Puts ports, the directory and who we are into a configuration: `{port}`, `{port2}`, `{dir}`, `{user}`."""
        if isinstance(text, bytes):
            return text
        for name in ("port", "port2"):
            if "{%s}" % name in text:
                text = text.replace("{%s}" % name, str(self.port(name)))
        return text.replace("{dir}", str(self.dir)).replace("{user}", str(os.getuid()))

    def port(self, name="port"):
        """A free port, the same one for the same name; none is given to two sides."""
        while name not in self.ports:
            number = next(PORTS)
            with socket.socket() as probe, contextlib.suppress(OSError):
                # A program that another thread starts may hold a copy of it for a moment; so it is in nobody's way.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", number))
                self.ports[name] = number
        return self.ports[name]

    # -- programs

    def program(self, name):
        """The path by which both sides call their program; nothing but the side's letter differs."""
        return name if "/" in name else str(self.root / "bin" / name)

    def run(self, argv, note=None, input="", env=None, cwd=None, deadline=DEADLINE):
        """Runs a program of the side to its end, and notes it under `note` if that is given."""
        argv = [self.program(argv[0]), *map(str, argv[1:])]
        environment = dict(self.environment, **(env or {}))
        if isinstance(input, str):
            input = input.encode()
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=cwd or self.dir, env=environment, start_new_session=True,
        )
        try:
            out, err = process.communicate(input, timeout=deadline)
            code = process.returncode
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            code = "still running"
        decode = lambda data: data.decode("utf-8", "backslashreplace")
        seen = Seen(decode(out), decode(err), code)
        if note is not None:
            self.note(note, seen)
        return seen

    def refuse(self, note, conf, args=("-n", "-c", "s.conf"), env=None, cwd=None, program="supervisord"):
        """Starts a supervisord that has to end at once with a usage error, and notes what it says.

        One that starts all the same is noted as such. If both do, that proves nothing, and the comparison fails.
        """
        if conf is not None:
            self.write("s.conf", self.fill(conf))
        argv = [self.program(program), *args]
        out, err = self.path("refused.out"), self.path("refused.err")
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=cwd or self.dir,
                env=dict(self.environment, **(env or {})), start_new_session=True,
            )
        try:
            until("the end", lambda: process.poll() is not None or b"started with pid" in out.read_bytes())
        finally:
            running = process.poll() is None
            if running:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        seen = Seen(self.read("refused.out"), self.read("refused.err"), process.returncode)
        self.note(note, Seen("", "", "still running") if running else seen)

    def daemon(self, conf, args=(), env=None, name="s.conf", quiet=False):
        """Starts supervisord in the foreground with this configuration and waits until it has begun.

        `quiet` is for one that says nothing on stdout: then its socket is waited for.
        """
        self.write(name, self.fill(conf))
        daemon = Daemon(self, name)
        daemon.start(args, env)
        self.started.append(daemon)
        daemon.wait(quiet)
        return daemon

    def attach(self, name="s.conf"):
        """A supervisord that was started in the background, by `run`."""
        daemon = Daemon(self, name)
        daemon.until_answer()
        return daemon

    # -- the end

    def processes(self):
        """The pids that carry this side's mark in their environment."""
        mark = f"{MARK}={self.dir}".encode()
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(entry.name)
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    pids.append(pid)
        return pids

    def close(self):
        """Kills whatever is left; a scenario that wants to see a proper end brings it about itself."""
        for daemon in self.started:
            daemon.kill()
        for _ in range(20):
            left = self.processes()
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            if not left:
                return
            time.sleep(0.01)


# What most scenarios begin with: a control socket, and the client's section.
BASE = """[supervisord]
logfile={dir}/main.log
pidfile={dir}/pid
childlogdir={dir}
identifier=same
[unix_http_server]
file={dir}/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{dir}/s.sock
"""


# For programs in the shell: `tell FORMAT TEXT FILES` prints the text and waits until it is in one of these logs, so that
# the daemon reads what follows on its own. A second is enough: the text may have gone with a file that is no longer kept.
TELL = (
    'tell() { printf "$1" "$2"; said=$2; shift 2; n=0; '
    'until cat "$@" 2>/dev/null | grep -qF "$said" || [ $n = 50 ]; do n=$((n+1)); sleep 0.02; done; }; '
)


class Daemon:
    """A supervisord in the foreground, with its output in the files `stdout` and `stderr` of the directory."""

    def __init__(self, side, conf):
        self.side, self.conf, self.process = side, conf, None

    def start(self, args, env):
        with open(self.side.path("stdout"), "ab") as out, open(self.side.path("stderr"), "ab") as err:
            self.process = subprocess.Popen(
                [self.side.program("supervisord"), "-n", "-c", str(self.side.path(self.conf)), *args],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.side.dir,
                env=dict(self.side.environment, **(env or {})), start_new_session=True,
            )

    def said(self):
        return self.side.read("stdout") + self.side.read("stderr")

    def wait(self, quiet):
        """Waits for the line with which start-up ends."""

        def begun():
            if self.process.poll() is not None:
                raise Wrong(f"supervisord ended with {self.process.returncode}: {self.said()}")
            return "supervisord started with pid" in self.said()

        self.until_answer() if quiet else until("the daemon's start", begun)

    def until_answer(self):
        until("an answer", lambda: isinstance(self.rpc("supervisor.getState"), dict))

    def kill(self):
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self, deadline=DEADLINE):
        """Waits for the daemon's end and returns its exit status."""
        until("the daemon's end", lambda: self.process.poll() is not None, deadline)
        return self.process.returncode

    def rewrite(self, text):
        """Puts other text into its configuration file."""
        self.side.write(self.conf, self.side.fill(text))

    def log(self):
        """The main log so far."""
        return self.side.read("main.log")

    def until_log(self, piece, count=1):
        until(f"{piece!r} in the main log", lambda: self.log().count(piece) >= count)

    # -- by rpc

    def rpc(self, method, *params, credentials=None, port=None):
        """Calls a method: XML-RPC on Supervisor's side, JSON-RPC on ours. Returns the result or an `rpc.Fault`."""
        path = str(self.side.path("s.sock"))
        where = ("127.0.0.1", port) if port else path
        call = rpc.json_call if self.side.is_ours else rpc.xml_call
        return call(where, method, params, credentials)

    def state(self, name):
        answer = self.rpc("supervisor.getProcessInfo", name)
        return answer["statename"] if isinstance(answer, dict) else str(answer)

    def until_state(self, name, *states):
        """Waits until a process is in one of these states."""
        until(f"{name} {' or '.join(states)}", lambda: self.state(name) in states)

    # -- by supervisorctl

    def ctl(self, line, note=None, args=(), input="", quiet=False, unordered=False, env=None, deadline=DEADLINE):
        """Runs `supervisorctl` with the words of this line (or list) and notes it under the line.

        `unordered` is for results whose order is the order in which processes happen to end, or none at all.
        """
        words = line.split() if isinstance(line, str) else list(line)
        name = note if note is not None else (line if isinstance(line, str) else " ".join(words))
        argv = ["supervisorctl", "-c", self.side.path(self.conf), *args, *words]
        seen = self.side.run(argv, input=input, env=env, deadline=deadline)
        if unordered:
            seen = Seen("".join(sorted(seen.out.splitlines(keepends=True))), seen.err, seen.code)
        if not quiet:
            self.side.note(name, seen)
        return seen

    def ctls(self, *lines):
        """`ctl` for each of these lines."""
        for line in lines:
            self.ctl(line)

    def follow(self, note, line, *awaited, act=None, number=INTERRUPT, farewell=None):
        """An action that does not end by itself: waits for each text in its output, then interrupts it.

        `act` is called when the first one has come. With a `farewell` it is killed after these words, and its exit
        status is not looked at: Supervisor's fg says that it exits, and hangs.
        """
        argv = [self.side.program("supervisorctl"), "-c", str(self.side.path(self.conf)), *line.split()]
        out, err = self.side.path("follow.out"), self.side.path("follow.err")
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, cwd=self.side.dir,
                env=dict(self.side.environment, PYTHONUNBUFFERED="1"), start_new_session=True,
            )
        try:
            for text in awaited:
                until(f"{text!r} from {line}", lambda: text in self.side.read("follow.out"))
                if act:
                    act(process)
                    act = None
            if number:
                process.send_signal(number)
            if farewell:
                until(f"{farewell!r} from {line}", lambda: farewell in self.side.read("follow.out"))
                code = None
            else:
                code = process.wait(DEADLINE)
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                process.stdin.close()
        seen, err = self.side.read("follow.out"), self.side.read("follow.err")
        if farewell:
            # What is killed may have been about to complain.
            seen, err = seen[: seen.index(farewell) + len(farewell)], ""
        self.side.note(note, Seen(seen, err, code))

    def shell(self, note, lines, args=(), env=None):
        """The interactive shell on a pipe: all the lines at once, then the end of the input."""
        return self.side.run(
            ["supervisorctl", "-c", self.side.path(self.conf), *args], note,
            input="".join(line + "\n" for line in lines), env=env,
        )

    def terminal(self, note, *steps, args=(), env=None, words=()):
        """A conversation on a terminal; notes the screen's text. For the steps see `terminal.converse`."""
        argv = [self.side.program("supervisorctl"), "-c", str(self.side.path(self.conf)), *args, *words]
        environment = dict(self.side.environment, **(env or {}))
        text, code = terminal.converse(argv, steps, environment, str(self.side.dir))
        self.side.note(note, Seen(text, "", code))
