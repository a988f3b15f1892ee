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

RUNS = "exit status still running\n"
EVERYWHERE = "%(here)s is known in every key, whether or not there is an [include]"


def refusal(message):
    """The note of a supervisord that refuses its configuration; the message is a regular expression."""
    return rf"exit status 2\n-- stderr\nError: {message}\nFor help, use <root>/bin/supervisord -h\n"


def each(subject, names, *rest):
    """The same deviation of several comparisons of a scenario."""
    return [Deviation(f"{subject}: {name}", *rest) for name in names]


DEVIATIONS = [
    Deviation(
        "config_refused.group: an unknown second of two",
        "the section is named that has the list, not the program that was found before",
        refusal(r"\[group:g\] names unknown program or fcgi-program b"),
        refusal(r"\[program:a\] names unknown program or fcgi-program b"),
    ),
    Deviation(
        "config_refused.group: a trailing comma",
        "a trailing comma names no program",
        RUNS,
        refusal(r"\[program:a\] names unknown program or fcgi-program "),
    ),
    Deviation(
        "config_refused.server: an expansion of port",
        EVERYWHERE,
        refusal("not a valid port number: '<dir>' "),
        refusal("Format string .* contains names .'here'. which cannot be expanded.*"),
    ),
    Deviation(
        "config_refused.server: an expansion of chmod",
        EVERYWHERE,
        refusal("Invalid chmod value <dir>"),
        refusal("Format string .* contains names .'here'. which cannot be expanded.*"),
    ),
    *each(
        "config_refused.server",
        ["an expansion of username", "rpcinterface with an expansion"],
        EVERYWHERE,
        refusal("Format string .*, ENV_TERM, here"),
        refusal("Format string .*, ENV_TERM"),
    ),
    *each(
        "config_refused.fcgi",
        ["a bare word", "another scheme", "a relative path", "no port", "port of letters", "no host"],
        "the message is formatted; Supervisor shows its template beside the value",
        refusal(r"(Bad socket format \S+|Unix socket path \S+ is not an absolute path) in \[fcgi-program:f\] socket"),
        refusal(r"\('(Bad socket format|Unix socket path) %s.*', '.*'\) in \[fcgi-program:f\] socket"),
    ),
    Deviation(
        "config_syntax.expansion_of_supervisord: environment",
        "[supervisord] environment is expanded once and knows host_node_name, as in 4.4",
        refusal("Format string 'A=%\\(nope\\)s' for 'environment' .*, here, host_node_name"),
        refusal("Format string 'A=%\\(nope\\)s' for 'supervisord.environment' .*, here"),
    ),
    Deviation(
        "config_syntax.syntax: a byte order mark*",
        "a byte order mark is skipped",
        RUNS,
        refusal(r"File contains no section headers.\nfile: 's.conf', line: 1\n'\\ufeff.*'"),
    ),
    Deviation(
        "config_syntax.include: a file with a byte order mark",
        "a byte order mark is skipped",
        refusal("program section program:a does not specify a command.*"),
        refusal(r"File contains no section headers.\nfile: '<dir>/i.conf', line: 1\n'\\ufeff.*'"),
    ),
    Deviation(
        "config_syntax.files: an empty name",
        "an empty file name is refused like any other that cannot be read",
        refusal("could not read config file "),
        "exit status 1\n-- stderr\nTraceback .*AttributeError: 'Dummy' object has no attribute 'nodaemon'\n",
    ),
]
