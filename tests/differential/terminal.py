"""A terminal for the shell of supervisorctl: a conversation on a pty, and what a person would see of it.

The two shells draw their lines with different control sequences, so what is compared is the screen: `Screen` obeys
the few sequences that line editors use and keeps the text. Colours and modes are ignored; there is no scrolling, for
the screen is as long as it has to be.
"""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

WIDTH, DEADLINE = 80, 20.0
SEQUENCE = re.compile(r"\x1b\[([?>=]?)([0-9;]*)([@-~])|\x1b[()].|\x1b\][^\x07]*\x07|\x1b[=>78cM]")


class Screen:
    """Lines of text and a cursor."""

    def __init__(self):
        self.lines, self.row, self.column = [[]], 0, 0

    def put(self, char):
        if self.column >= WIDTH:
            self.row, self.column = self.row + 1, 0
        while self.row >= len(self.lines):
            self.lines.append([])
        line = self.lines[self.row]
        line.extend(" " * (self.column + 1 - len(line)))
        line[self.column] = char
        self.column += 1

    def control(self, number, final):
        count = int(number.split(";")[0] or 0)
        line = self.lines[self.row] if self.row < len(self.lines) else []
        if final == "A":
            self.row = max(0, self.row - max(1, count))
        elif final == "B":
            self.row += max(1, count)
        elif final == "C":
            self.column += max(1, count)
        elif final == "D":
            self.column = max(0, self.column - max(1, count))
        elif final == "G":
            self.column = max(1, count) - 1
        elif final == "K" and count == 0:
            del line[self.column :]
        elif final == "K":
            line[: self.column] = " " * min(self.column, len(line))
        elif final == "J" and count == 0:
            del line[self.column :]
            del self.lines[self.row + 1 :]
        elif final == "P":
            del line[self.column : self.column + max(1, count)]
        elif final == "@":
            line[self.column : self.column] = " " * max(1, count)

    def feed(self, text):
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                if found.group(3) and not found.group(1):
                    self.control(found.group(2), found.group(3))
                at = found.end()
                continue
            char = text[at]
            at += 1
            if char == "\n":
                self.row += 1
                while self.row >= len(self.lines):
                    self.lines.append([])
            elif char == "\r":
                self.column = 0
            elif char == "\b":
                self.column = max(0, self.column - 1)
            elif char >= " ":
                self.put(char)

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip("\n") + "\n"


def show(data):
    """The text that these bytes leave on a screen."""
    screen = Screen()
    screen.feed(data.decode("utf-8", "backslashreplace"))
    return screen.text()


def converse(argv, steps, environment, cwd):
    """Runs a program on a terminal. Returns the text on its screen and its exit status.

    A step is a pair: a text that has to appear after what the step before has brought (blanks at its end do not
    count), then what is typed (may be empty). After the last step the program has to end by itself.
    """
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))

    def take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=cwd, preexec_fn=take_terminal
    )
    os.close(slave)
    data, fresh = b"", 0

    def read(seconds):
        nonlocal data
        if select.select([master], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                piece = os.read(master, 65536)
                data += piece
                return bool(piece)
        return None if process.poll() is None else False

    try:
        for awaited, typed in steps:
            awaited = awaited.rstrip()
            end = time.monotonic() + DEADLINE
            while awaited not in show(data[fresh:]):
                if read(0.1) is False and awaited not in show(data[fresh:]):
                    raise ValueError(f"ended before {awaited!r}: {show(data)}")
                if time.monotonic() > end:
                    raise ValueError(f"never showed {awaited!r}: {show(data)}")
            # What is drawn after the awaited text (the cursor's way back, say) belongs to it.
            while read(0.15):
                pass
            fresh = len(data)
            os.write(master, typed.encode())
        end = time.monotonic() + DEADLINE
        while read(0.1) is not False:
            if time.monotonic() > end:
                raise ValueError(f"did not end: {show(data)}")
        return show(data), process.wait(DEADLINE)
    finally:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(master)
