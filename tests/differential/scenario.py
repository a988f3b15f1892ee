"""How subjects declare their scenarios; the suite reads the list."""

import os
import sys
from typing import NamedTuple

SCENARIOS = []
# Those that only root can play, when somebody else runs the suite.
LEFT_OUT = []


class Scenario(NamedTuple):
    """A function that is run once a side."""

    name: str
    function: object
    weight: int


def subject(function):
    """The name of the file it stands in."""
    return sys.modules[function.__module__].__name__


def add(name, function, weight, root):
    """Puts a scenario on the list, or beside it."""
    fits = os.getuid() == 0 or not root
    (SCENARIOS if fits else LEFT_OUT).append(Scenario(name, function, weight))


def scenario(function=None, *, weight=1, root=False):
    """Declares a scenario; its name is `file.function`. Heavy ones (in seconds) are begun first.

    `root`: it takes root to play it, and it is left out otherwise.
    """

    def declare(function):
        add(f"{subject(function)}.{function.__name__}", function, weight, root)
        return function

    return declare(function) if function else declare


def table(rows, size=12, root=False):
    """Declares scenarios that run a function for the rows of a dictionary, `size` rows a scenario.

    The function is called with the side, the row's name and its value.
    """

    def declare(function):
        names = list(rows)
        for begin in range(0, len(names), size):
            part = names[begin : begin + size]

            def rows_of(side, part=part):
                for name in part:
                    function(side, name, rows[name])

            name = f"{subject(function)}.{function.__name__}"
            add(name, rows_of, 1 + len(part) // 4, root)
        return function

    return declare
