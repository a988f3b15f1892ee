"""The guide, done step by step with the real programs in daemon mode. One chapter, one site, one daemon.

    tests/guide/run                  everything
    tests/guide/run errors logs      only the chapters with these words in their names
"""

import sys

import access
import begin
import boot
import control
import logs
import trouble
from harness import chapter, close

CHAPTERS = [
    ("begin: from the sample to a running daemon", begin.sample),
    ("begin: the file the guide builds, with comments in Chinese", begin.abridged),
    ("control: the service behind gunicorn and the group", control.service),
    ("control: changes of the configuration", control.changes),
    ("logs: rolled by size, the two zeros", logs.rolled),
    ("logs: logrotate and USR2", logs.logrotate),
    ("access: user and password over TCP", access.tcp),
    ("access: another user on the socket", access.other_user),
    ("errors: what is refused at the start", trouble.refused),
    ("errors: what fails later, and the remedies", trouble.later),
    ("boot: the init script", boot.init),
]

words = sys.argv[1:]
for title, body in CHAPTERS:
    if not words or any(word in title for word in words):
        chapter(title, body)
close()
