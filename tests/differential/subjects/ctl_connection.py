"""supervisorctl without a server, with the wrong one, and with the wrong credentials."""

import contextlib
import http.server
import json
import threading
import xmlrpc.client

from scenario import scenario, table
from side import BASE, Wrong

ACTIONS = [
    "status", "status x", "start x", "stop x", "restart x", "signal HUP x", "pid", "pid all", "clear x", "tail x",
    "maintail", "fg x", "reread", "update", "add x", "remove x", "avail", "version", "shutdown", "reload",
]  # fmt: skip


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


@scenario
def no_daemon_at_a_socket(s):
    """A socket that nobody listens on any more."""
    d = s.daemon(BASE)
    d.kill()
    for action in ["status", "start x", "reread", "shutdown", "reload", "avail", "tail x", "pid"]:
        d.ctl(action)


@scenario
def no_socket_but_a_file(s):
    s.write("s.sock", "a file")
    without(s, f"unix://{s.dir}/s.sock")


@scenario(root=True)
def not_allowed(s):
    """Somebody else's socket; only root can become somebody else."""
    s.daemon(BASE)
    setpriv = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if s.run([setpriv[0], *setpriv[1:], s.program("supervisord"), "-v"]).code != 0:
        raise Wrong("nobody else can run the programs")
    for action in ["status", "start x", "reread", "shutdown", "version"]:
        argv = [*setpriv, s.program("supervisorctl"), "-c", str(s.path("s.conf")), *action.split()]
        s.run(argv, action)


@scenario
def no_interface(s):
    """The namespace of supervisorctl's calls is not served."""
    d = s.daemon(BASE.replace("[rpcinterface:supervisor]", "[unknown:supervisor]"))
    for action in ACTIONS:
        d.ctl(action)
    d.ctl("help", note="help all the same")
    d.shell("the shell", ["version", "quit"])


@scenario
def another_name_of_the_interface(s):
    d = s.daemon(BASE.replace("[rpcinterface:supervisor]", "[rpcinterface:other]"))
    for action in ["version", "status", "shutdown"]:
        d.ctl(action)


@scenario(weight=3)
def while_it_ends(s):
    """A daemon that waits for a process that will not end."""
    d = s.daemon(BASE + "[program:deaf]\ncommand=sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nstopwaitsecs=60\n")
    d.until_state("deaf", "RUNNING")
    d.ctl("shutdown")
    for action in [one.replace(" x", " deaf") for one in ACTIONS]:
        d.ctl(action, note=f"{action} while it ends")


def fake(s, answer):
    """A server that gives every call this answer, as XML-RPC or as JSON-RPC."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, value = answer
            if self.path == "/RPC2":
                text = xmlrpc.client.dumps((value,), methodresponse=True) if status == 200 else "no"
                kind = "text/xml"
            else:
                text = json.dumps({"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": value}) if status == 200 else "no"
                kind = "application/json"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", s.port()), Handler)
    server.daemon_threads = True
    return server


ANSWERS = {"another version": (200, "9.9"), "an older version": (200, "2.0")}


@table(ANSWERS, size=1)
def another_server(s, name, answer):
    server = fake(s, answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.closing(server.socket):
        for action in ["status", "version", "start x", "tail x", "pid"]:
            s.run(["supervisorctl", "-s", f"http://127.0.0.1:{s.port()}", *action.split()], f"{name}: {action}")
        server.shutdown()
