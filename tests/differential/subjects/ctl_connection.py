"""supervisorctl without a server, with the wrong one, and with the wrong credentials."""

import http.server
import threading

from scenario import scenario
from side import BASE

ACTIONS = [
    "status", "status x", "start x", "stop x", "restart x", "signal HUP x", "pid", "pid all", "clear x", "tail x",
    "maintail", "fg x", "reread", "update", "add x", "remove x", "avail", "version", "shutdown", "reload",
]  # fmt: skip
CTL = "[supervisorctl]\nserverurl=unix://{dir}/s.sock\n"


def without(s, url):
    """Every action, where nothing listens."""
    for action in ACTIONS:
        s.run(["supervisorctl", "-s", url, *action.split()], f"{action}")


@scenario
def no_socket(s):
    without(s, f"unix://{s.dir}/none.sock")


@scenario
def no_port(s):
    without(s, f"http://127.0.0.1:{s.port()}")
