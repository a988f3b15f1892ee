"""The differential suite: every scenario of `subjects/` on both sides, then the comparison, then the tally.

    subjects/*.py --> scenario(Side of treeherd)   --> notes --.
                  `-> scenario(Side of Supervisor) --> notes ---+--> identical | a listed deviation | different

How to add a case stands in README.md.
"""

import concurrent.futures
import difflib
import fnmatch
import importlib
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "subjects")]

import compare  # noqa: E402
import deviations  # noqa: E402
import side  # noqa: E402
from general import GENERAL  # noqa: E402
from scenario import LEFT_OUT, SCENARIOS  # noqa: E402

PROGRAMS = ["supervisord", "supervisorctl", "echo_supervisord_conf", "pidproxy"]
# Daemons mostly wait; two of a pair run at once.
WORKERS = 10


def directories():
    """The programs of both sides."""
    root = HERE.parents[1]
    return os.environ.get("TREEHERD_BIN", root / "target" / "release"), pathlib.Path(sys.executable).parent


def roots(parent):
    """A directory a side, with the programs under the same names."""
    made = []
    for letter, directory in zip("ab", directories()):
        root = parent / letter
        (root / "bin").mkdir(parents=True)
        for name in PROGRAMS:
            program = pathlib.Path(directory).resolve() / name
            if not os.access(program, os.X_OK):
                raise SystemExit(f"{program} cannot be run")
            (root / "bin" / name).symlink_to(program)
        made.append(root)
    return made


class Outcome:
    """What came of a scenario: the notes of both sides, or why there are none."""

    def __init__(self, name):
        self.name, self.notes, self.sides, self.errors = name, [], [], []
        self.seconds = 0.0


def play(scenario, is_ours, root, number):
    """Runs a scenario on one side."""
    one = side.Side(is_ours, root, f"{number:03}")
    error = None
    try:
        scenario.function(one)
        if not one.notes:
            raise side.Wrong("nothing was noted")
    except Exception as raised:  # a scenario may raise anything
        error = "".join(traceback.format_exception(raised))
        if not isinstance(raised, side.Wrong):
            error += "".join(f"[{daemon.conf}] {daemon.said()}" for daemon in one.started)
    finally:
        one.close()
    return one, error


def both(scenario, parents, number, threads):
    """Runs a scenario on both sides at once."""
    begun = time.monotonic()
    outcome = Outcome(scenario.name)
    plays = [threads.submit(play, scenario, index == 0, parents[index], number) for index in (0, 1)]
    for name, running in zip(["treeherd", "Supervisor"], plays):
        one, error = running.result()
        outcome.sides.append(one)
        if error:
            outcome.errors.append(f"{name}: {error}")
    outcome.seconds = time.monotonic() - begun
    return outcome


class Tally:
    """The verdicts."""

    def __init__(self):
        self.identical, self.listed, self.different = [], [], []
        self.applied = dict.fromkeys((general.name for general in GENERAL), 0)
        self.named = dict.fromkeys(deviations.DEVIATIONS, 0)

    def compare(self, name, notes, sides):
        """One comparison."""
        ours, theirs = (
            compare.seen(note, of, name) if note else side.Seen("(no such note)\n") for note, of in zip(notes, sides)
        )
        for general in GENERAL:
            without = general.apply(ours, theirs)
            if not without == ours:
                self.applied[general.name] += 1
                ours = without
        entry = next((entry for entry in self.named if fnmatch.fnmatchcase(name, entry.names)), None)
        if entry:
            self.named[entry] += 1
        if ours == theirs and ours.is_silent():
            self.different.append((name, f"says nothing on either side, which proves nothing: {str(ours)!r}\n"))
        elif ours == theirs and entry is None:
            self.identical.append(name)
        elif ours == theirs:
            self.different.append((name, f"no longer differs, but is listed: {entry.reason}\n{ours}"))
        elif entry and entry.holds(ours, theirs):
            self.listed.append((name, entry.reason))
        else:
            told = "is listed, but differs in another way than that\n" if entry else ""
            self.different.append((name, told + difference(ours, theirs)))

    def finish(self, is_whole):
        """What can only be known at the end: whether the list is still true."""
        if is_whole:
            for name, count in self.applied.items():
                if not count:
                    self.different.append((name, "is listed as a general deviation, and was never seen\n"))
            for entry, count in self.named.items():
                if not count:
                    self.different.append((entry.names, "is listed as a deviation, and there is no such comparison\n"))

    def report(self):
        total = len(self.identical) + len(self.listed) + len(self.different)
        print(f"\n{len(self.identical)} of {total} identical")
        reasons = {}
        for name, reason in self.listed:
            reasons.setdefault(reason, []).append(name)
        for reason, names in reasons.items():
            print(f"\n{len(names)} differ on purpose: {reason}")
            for name in names:
                print(f"    {name}")
        for general in GENERAL:
            if self.applied[general.name]:
                print(f"\n{self.applied[general.name]} were compared without {general.name}: {general.reason}")
        print(f"\n{len(self.different)} differ without a reason")
        for name, _ in self.different:
            print(f"    {name}")


def difference(ours, theirs):
    """Both notes, line by line: `-` is Supervisor's, `+` is treeherd's."""
    lines = [str(seen).splitlines() for seen in (theirs, ours)]
    if lines[0] == lines[1]:
        return f"Supervisor {str(theirs)!r}\ntreeherd   {str(ours)!r}\n"
    return "\n".join(difflib.unified_diff(*lines, "Supervisor", "treeherd", lineterm="", n=3)) + "\n"


def main(words):
    for path in sorted((HERE / "subjects").glob("*.py")):
        importlib.import_module(path.stem)
    chosen = [one for one in SCENARIOS if not words or any(word in one.name for word in words)]
    if not chosen:
        raise SystemExit("no scenario has a name like that: " + ", ".join(one.name for one in SCENARIOS))
    chosen.sort(key=lambda one: -one.weight)
    parent = pathlib.Path(tempfile.mkdtemp(prefix="diff"))
    parent.chmod(0o755)
    tally, begun = Tally(), time.monotonic()
    try:
        parents = roots(parent)
        with concurrent.futures.ThreadPoolExecutor(2 * WORKERS) as threads, concurrent.futures.ThreadPoolExecutor(
            WORKERS
        ) as pairs:
            waited = [pairs.submit(both, one, parents, at, threads) for at, one in enumerate(chosen)]
            outcomes = [pair.result() for pair in waited]
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    for outcome in sorted(outcomes, key=lambda one: one.name):
        if os.environ.get("DIFFERENTIAL_TIMES"):
            print(f"{outcome.seconds:6.1f} s  {outcome.name}")
        for error in outcome.errors:
            tally.different.append((outcome.name, error))
        if outcome.errors:
            continue
        first, second = outcome.sides
        for name in list(first.notes) + [name for name in second.notes if name not in first.notes]:
            whole = f"{outcome.name}: {name}"
            tally.compare(whole, [first.notes.get(name), second.notes.get(name)], outcome.sides)
    tally.finish(not words and not LEFT_OUT)
    for name, text in tally.different:
        print(f"\nDIFFERS {name}\n{text}", end="")
    print(f"\n{len(chosen)} scenarios in {time.monotonic() - begun:.0f} s")
    for one in LEFT_OUT:
        print(f"left out, for only root can play it: {one.name}")
    tally.report()
    return 1 if tally.different or not tally.identical else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
