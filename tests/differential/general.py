"""What treeherd adds everywhere on purpose, and what is done to the notes of our side because of it.

Each is taken off before a comparison, whatever it is about; the suite counts how often, and one that never applies
fails it. Single comparisons that differ stand in `deviations.py`.
"""

import re
from typing import NamedTuple

import side


class General(NamedTuple):
    """Something that treeherd adds everywhere; `apply` takes both notes and returns ours without it."""

    name: str
    reason: str
    apply: object


def without_report(ours, theirs):
    """Supervisor's two lines stay, the report with carets goes."""
    found = re.fullmatch(r"(.*?^Error: .*?\nFor help, use \S+ -h\n)\nerror: .+", ours.err, re.S | re.M)
    if ours.code == 2 and found:
        return side.Seen(ours.out, found.group(1), ours.code)
    return ours


def without_explanation(ours, theirs):
    """What supervisorctl explains stands on stderr, behind whatever Supervisor says there."""
    told = ours.err[len(theirs.err) :]
    is_explanation = re.match(r"supervisorctl: |(?!Error: )[\w:]+: |NO_FILE$", told)
    if ours.code == theirs.code and ours.err.startswith(theirs.err) and is_explanation:
        return side.Seen(ours.out, theirs.err, ours.code)
    return ours


PLACE = re.compile(r": file: (\S*) line: \d+$", re.M)


def with_their_place(ours, theirs):
    """`error: ...: file: <a source of Python's> line: <n>`: ours names the server's address there."""
    places = [found.group(0) for found in PLACE.finditer(theirs.out) if found.group(1).endswith(".py")]
    if places and len(places) == len(PLACE.findall(ours.out)):
        return side.Seen(PLACE.sub(lambda _: places.pop(0), ours.out), ours.err, ours.code)
    return ours


WARNING = re.compile(r"^\S+\.py:\d+: UserWarning: (.*\n)  self\.warnings\.warn\(\n", re.M)


def with_their_warning(ours, theirs):
    """Python says which line of which source warns, and shows it."""
    found = WARNING.match(theirs.err)
    if found and ours.err.startswith(found.group(1)):
        return side.Seen(ours.out, found.group(0) + ours.err[len(found.group(1)) :], ours.code)
    return ours


OWN_VERBS = re.compile(r"\ntreeherd commands \(type help <topic>\):\n=+\n([a-z ]+\n)+\n")


def without_own_verbs(ours, theirs):
    """`help` lists our own actions in a table behind Supervisor's."""
    return side.Seen(OWN_VERBS.sub("", ours.out), ours.err, ours.code)


EXPLAINED = re.compile(r"^WARN \S+ (was not spawned|\(pid <pid>\) could not be set up): .*\n", re.M)


def without_spawn_explanation(ours, theirs):
    """A spawn that failed is followed by a line that says why, and what to do."""
    return side.Seen(EXPLAINED.sub("", ours.out), ours.err, ours.code)


HINT = re.compile(r"(Error: .*\nFor help, use \S+ -h\n).+\n")


def without_hint(ours, theirs):
    """A start-up error that is none of the file ends with what is in the way."""
    found = HINT.fullmatch(ours.err)
    return side.Seen(ours.out, found.group(1), ours.code) if ours.code == 2 and found else ours


GENERAL = [
    General(
        "the explanation after a failed spawn",
        "after Supervisor's line the log says why in words, and what to do",
        without_spawn_explanation,
    ),
    General(
        "the hint after a start-up error",
        "after Supervisor's two lines a third says what is in the way, and what to do",
        without_hint,
    ),
    General(
        "the place of a warning",
        "there are no Python sources to name and to show",
        with_their_warning,
    ),
    General(
        "the table of our own actions",
        "help lists actions that Supervisor does not have in a table of their own, behind Supervisor's",
        without_own_verbs,
    ),
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
