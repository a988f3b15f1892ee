"""The status page as a person uses it, in a real Chromium without a screen. One daemon, one browser.

    tests/browser/run                  everything
    tests/browser/run foreign narrow   only the chapters with these words in their names

The checks and the daemon's directory are those of the guide suite.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guide"))

import actions
import foreign
import looks
from browser import Desk
from harness import chapter, close

CHAPTERS = [
    ("login: a password, then the table", actions.login),
    ("actions: one process", actions.one),
    ("actions: all processes", actions.everyone),
    ("actions: what goes wrong is told", actions.troubles),
    ("logs: the end of one, and one as it grows", actions.logs),
    ("links: a browser is asked first", actions.links),
    ("foreign: another site tries to stop a program, with a password", foreign.guarded),
    ("foreign: the same where there is no password", foreign.open_door),
    ("foreign: a name that was pointed here", foreign.rebound),
    ("looks: narrow, dark, without a script", looks.looks),
]

words = sys.argv[1:]
with Desk() as desk:
    for title, body in CHAPTERS:
        if not words or any(word in title for word in words):
            chapter(title, lambda body=body: body(desk))
close()
