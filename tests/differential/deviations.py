"""Where treeherd differs from Supervisor on purpose: each with its reason and with what both print.

`GENERAL`: what is done to the notes of our side before they are compared, whatever the comparison. `DEVIATIONS`:
single comparisons by name (a pattern as in a shell), each with a regular expression that the whole note of either
side matches. One that no longer applies fails the suite: a list like this must not be longer than the truth.
"""

import re
from typing import NamedTuple

import side


class General(NamedTuple):
    """Something that treeherd adds everywhere; `apply` takes both notes and returns ours without it."""

    name: str
    reason: str
    apply: object


class Deviation(NamedTuple):
    """Comparisons that differ on purpose."""

    names: str
    reason: str
    ours: str
    theirs: str

    def holds(self, ours, theirs):
        """Whether both sides print what the list says."""
        return all(
            re.fullmatch(pattern, str(seen), re.S) for pattern, seen in [(self.ours, ours), (self.theirs, theirs)]
        )


def without_report(ours, theirs):
    """Supervisor's two lines stay, the report with carets goes."""
    found = re.fullmatch(r"(Error: .*?\nFor help, use \S+ -h\n)\nerror: .+", ours.err, re.S)
    if ours.code == 2 and found:
        return side.Seen(ours.out, found.group(1), ours.code)
    return ours


def without_explanation(ours, theirs):
    """What supervisorctl explains stands on stderr, behind whatever Supervisor says there."""
    told = ours.err[len(theirs.err) :]
    if ours.err != theirs.err and ours.err.startswith(theirs.err) and re.match(r"supervisorctl: |[A-Z_]+: ", told):
        return side.Seen(ours.out, theirs.err, ours.code)
    return ours


PLACE = re.compile(r": file: (\S+) line: \d+$", re.M)


def with_their_place(ours, theirs):
    """`error: ...: file: <a source of Python's> line: <n>`: ours names the server's address there."""
    places = [found.group(0) for found in PLACE.finditer(theirs.out) if found.group(1).endswith(".py")]
    if places and len(places) == len(PLACE.findall(ours.out)):
        return side.Seen(PLACE.sub(lambda _: places.pop(0), ours.out), ours.err, ours.code)
    return ours


GENERAL = [
    General(
        "the place in the generic error line",
        "there are no Python sources to name; the line says the server's address instead",
        with_their_place,
    ),
    General(
        "the report after a usage error",
        "after Supervisor's two lines all errors of the file are shown with their place and what to do",
        without_report,
    ),
    General(
        "the explanation on stderr",
        "supervisorctl says on stderr what a failure means; stdout and exit status are Supervisor's",
        without_explanation,
    ),
]

DEVIATIONS = []
