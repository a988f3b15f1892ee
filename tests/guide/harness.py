"""The guide suite's tools: a copy of the example in a directory of its own, the daemon in it, checks by the line.

A `Site` owns a directory and every process that carries its name in the environment; leaving it (also by an
exception) kills what is left and says so. Nothing sleeps in hope: `until` looks for a condition with a deadline.
"""

import contextlib
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "TREEHERD_GUIDE"
DEADLINE = 30.0
tally = {"passed": 0, "failed": 0}


def program(name):
    """The path of one of the programs under test."""
    directory = os.environ.get("TREEHERD_BIN", ROOT / "target" / "release")
    return os.environ.get(f"TREEHERD_{name.upper()}", str(pathlib.Path(directory) / name))


# Whether another supervisord than ours is under test.
REFERENCE = "TREEHERD_SUPERVISORD" in os.environ


def check(what, found, wanted=True):
    """One line of the report: what was wanted, and whether it is so."""
    good = wanted(found) if callable(wanted) else found == wanted
    tally["passed" if good else "failed"] += 1
    print(f"{'ok  ' if good else 'FAIL'}  {what}", flush=True)
    if not good:
        print(f"      wanted {wanted!r}\n      found  {found!r}", flush=True)
    return good


def has(piece):
    """A test for `check`: the text holds this."""

    class Has:
        def __call__(self, text):
            return piece in str(text)

        def __repr__(self):
            return f"a text with {piece!r}"

    return Has()


class Late(Exception):
    """A condition did not come true in time."""


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
        time.sleep(0.05)


def check_until(what, ask, deadline=DEADLINE):
    """`check` for something that takes its time."""
    try:
        return check(what, bool(until(what, ask, deadline)))
    except Late as late:
        return check(f"{what} ({late})", False)


def alive(pid):
    """Whether a process lives; a zombie does not."""
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    return False


# Below those that the system gives to clients, such as the browser.
PORTS = itertools.count(10000 + os.getpid() % 340 * 64)


def free_port():
    """A port of the loopback that was free a moment ago, and that is given once."""
    for number in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", number))
            return number


class Said:
    """What a command said, and how it ended."""

    def __init__(self, done):
        self.out, self.err, self.code = done.stdout, done.stderr, done.returncode

    def __repr__(self):
        return f"status {self.code}, {self.out!r}, {self.err!r}"


class Site:
    """A directory with a configuration, and the daemon that runs it."""

    def __init__(self, example=True):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="guide"))
        self.dir.chmod(0o755)
        self.conf = self.dir / "supervisord.conf"
        self.control, self.app, self.redis = free_port(), free_port(), free_port()
        self.environment = dict(
            os.environ,
            GUIDE_CONTROL_PORT=str(self.control),
            GUIDE_APP_PORT=str(self.app),
            GUIDE_REDIS_PORT=str(self.redis),
            GUIDE_USER="root" if os.getuid() == 0 else str(os.getuid()),
            GUIDE_REDIS_USER="redis" if os.getuid() == 0 else str(os.getuid()),
            **{MARK: str(self.dir)},
        )
        if example:
            ignore = shutil.ignore_patterns("venv", "__pycache__", ".gitignore", "*.log*")
            shutil.copytree(ROOT / "examples" / "guide", self.dir, dirs_exist_ok=True, ignore=ignore)
        (self.dir / "var").mkdir(exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        left = self.processes()
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        until("the end of what was left", lambda: not self.processes())
        shutil.rmtree(self.dir, ignore_errors=True)

    def processes(self):
        """The pids that belong to this site."""
        mark = f"{MARK}={self.dir}".encode()
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(entry.name)
                if mark in (entry / "environ").read_bytes().split(b"\0") and alive(pid):
                    pids.append(pid)
        return pids

    def write(self, name, text):
        """Writes a file of the site; {dir} in it is the site's directory."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{dir}", str(self.dir)), encoding="utf-8")
        return path

    def edit(self, name, old, new):
        """Replaces a piece of a file, which must be there."""
        path = self.dir / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def read(self, name):
        """The text of a file of the site; nothing if it is not there."""
        path = self.dir / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def run(self, *words, stdin="", **options):
        """Runs a command in the site to its end."""
        options = {"env": self.environment, "cwd": self.dir, "timeout": 60, **options}
        done = subprocess.run(
            [str(word) for word in words], input=stdin, capture_output=True, text=True, check=False, **options
        )
        return Said(done)

    def supervisord(self, *words):
        """Starts the daemon, as a daemon."""
        return self.run(program("supervisord"), *(words or ("-c", self.conf)))

    def ctl(self, *words, stdin=""):
        """One call of supervisorctl."""
        return self.run(program("supervisorctl"), "-c", self.conf, *words, stdin=stdin)

    def pid(self, name=None):
        """The pid of a process, or of the daemon."""
        said = self.ctl("pid", *([name] if name else []))
        return int(said.out) if re.fullmatch(r"\d+\n", said.out) else 0

    def state(self, name):
        """The state that `status` shows for a process."""
        words = self.ctl("status", name).out.split()
        return words[1] if len(words) > 1 else ""

    def wait_state(self, name, state, deadline=DEADLINE):
        """Waits for a state."""
        until(f"{name} {state}", lambda: self.state(name) == state, deadline)

    def wait_pidfile(self, name="var/supervisord.pid"):
        """Waits for the daemon's pid file, and returns the pid in it."""
        return int(until("the pid file", lambda: self.read(name).strip()))


def chapter(title, body):
    """Runs one chapter; an exception fails it and leaves the others alone."""
    print(f"\n== {title}", flush=True)
    try:
        body()
    except Exception as error:  # whatever it is, the next chapter has its own site
        tally["failed"] += 1
        print(f"FAIL  {title}: {type(error).__name__}: {error}", flush=True)
        for frame in traceback.extract_tb(error.__traceback__):
            print(f"      {pathlib.Path(frame.filename).name}:{frame.lineno} {frame.line}", flush=True)


def close():
    """The closing line, and the exit status."""
    print(f"\n{tally['passed']} passed, {tally['failed']} failed", flush=True)
    sys.exit(1 if tally["failed"] or not tally["passed"] else 0)
