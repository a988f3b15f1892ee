"""How subjects declare their scenarios; the suite reads the list."""

import sys
from typing import NamedTuple

SCENARIOS = []


class Scenario(NamedTuple):
    """A function that is run once a side."""

    name: str
    function: object
    weight: int


def subject(function):
    """The name of the file it stands in."""
    return sys.modules[function.__module__].__name__


def scenario(function=None, *, weight=1):
    """Declares a scenario; its name is `file.function`. Heavy ones (in seconds) are begun first."""

    def declare(function):
        SCENARIOS.append(Scenario(f"{subject(function)}.{function.__name__}", function, weight))
        return function

    return declare(function) if function else declare


def table(rows, size=12):
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
            SCENARIOS.append(Scenario(name, rows_of, 1 + len(part) // 4))
        return function

    return declare
