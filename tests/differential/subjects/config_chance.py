"""Configurations put together by chance, always the same ones: dialect, formats and environments."""

import random

from config_accepted import tell
from scenario import scenario
from side import BASE

HEAD = "[program:p]\nautostart=false\ncommand=cat\n"
# What a file of the dialect is made of.
LINES = [
    "[program:a]", "[program:b] ; c", " [program:c]", "[DEFAULT]", "[group:g]", "[x", "[]", "[program:a]]", "command=cat",
    "command: dog", "  command = bird", "autostart=false", "\tautostart = no", "priority=5", "PRIORITY=6 ; six", "priority = 7#seven",
    "priority=8 # eight", "; comment", "  # comment", "", "   ", "\t", "  more", "\tmore = less", "    deep ; c", "programs=a,b", "programs=p",
    "=1", "x", "x=", "x:=y", "x = y = z", "key with blanks = 1", ":", "=", "startsecs=1", "startsecs", "directory=/a;b", "directory=/a ;b",
    "directory=/a;b #c", "directory='/a ; b'", "environment=A=1,", "  B=2", "#=", ";[program:z]",
]  # fmt: skip
PIECES = [
    "%", "%%", "%(", ")", "%(program_name)s", "%(process_num)d", "%(process_num)03d", "%(numprocs)", "-", "+", " ", "0", "5", ".2", "*", "#",
    "s", "d", "x", "X", "o", "f", "e", "g", "r", "a", "i", "u", "h", "l", "b", "(", "%(ENV_LANG)", "%(ENV_LANG)s", "%(here)s", "é", "text",
]  # fmt: skip
# Nothing that 4.4 reads in another way than 4.3: quotes stand alone, no comment ends a word, and there is no backslash.
TOKENS = [
    "A", "B", "=", "=", "=", ",", ",", ",", "1", "x y", ' "q" ', " 'q' ", ' "" ', " \"a,'=b\" ", " # ", " ", "\t", ";", "!", "/", "(", "@", "%%", ".", "-",
    ":", "a=b", "\n ", "$HOME", "[", "~", "*",
]  # fmt: skip


def by_chance(seed, fragments, least, most, glue):
    """Texts of fragments: the same for the same seed, on every Python."""
    chance = random.Random(seed)
    while True:
        count = least + int(chance.random() * (most - least + 1))
        yield glue.join(fragments[int(chance.random() * len(fragments))] for _ in range(count))


@scenario(weight=5)
def dialect(s):
    d = s.daemon(BASE)
    texts = by_chance(1, LINES, 2, 9, "\n")
    for number in range(250):
        tell(s, d, f"text {number}", BASE + HEAD + next(texts) + "\n")


@scenario(weight=5)
def formats(s):
    d = s.daemon(BASE)
    texts = by_chance(2, PIECES, 1, 6, "")
    for number in range(250):
        tell(s, d, f"text {number}", BASE + HEAD + f"directory=/{next(texts)}\n")


@scenario(weight=5)
def environments(s):
    """What A and B come to is seen in the command."""
    d = s.daemon(BASE)
    texts = by_chance(3, TOKENS, 2, 9, "")
    for number in range(250):
        value = next(texts)
        tell(s, d, f"text {number}: {value!r}", BASE + HEAD + f"environment=A=a,B=b,{value}\ncommand=%(ENV_A)s|%(ENV_B)s|\n")
