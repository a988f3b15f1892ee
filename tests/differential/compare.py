"""When two notes are the same: after names of places, times and pids are made equal, to the byte.

Differences of one side are not smoothed here: those on purpose stand in `deviations.py`.
"""

import re

import side

RULES = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"), "<time>"),
    (re.compile(r"\bpid \d+"), "pid <pid>"),
    (re.compile(r"uptime (?:\d+ days?, )?\d+:\d\d:\d\d"), "uptime <uptime>"),
    (re.compile(r"\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M"), "<date>"),
    (re.compile(r"\(\d+\) with SIG"), "(<pid>) with SIG"),
    (re.compile(r" at 0x[0-9a-f]+"), " at <address>"),
    # An AUTO log: name, stream, identifier, chance.
    (re.compile(r"(-std(?:out|err)---\w+-)[a-z0-9_]{8}\.log"), r"\1<chance>.log"),
]
BARE_PID = re.compile(r"^[1-9]\d+$", re.M)


def normal(text, of):
    """The text without what must differ between two runs."""
    text = text.replace(str(of.dir), "<dir>").replace(str(of.root), "<root>")
    for name, number in of.ports.items():
        text = re.sub(rf"\b{number}\b", f"<{name}>", text)
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text


def seen(note, of, name):
    """A note, made comparable; the actions that print bare pids are known by their name."""
    out, err = normal(note.out, of), normal(note.err, of)
    if name.split(": ")[-1].split(" ")[0] == "pid":
        out = BARE_PID.sub("<pid>", out)
    return side.Seen(out, err, note.code)
