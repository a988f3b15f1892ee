"""Who may control the daemon: user and password over TCP, modes and owners on the socket."""

import base64
import json
import os
import shutil
import urllib.error
import urllib.request

from harness import REFERENCE, Site, check, check_until, has, program

JSON_RPC = ("/rpc", "application/json", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "supervisor.getState"}), "RUNNING")
XML_RPC = (
    "/RPC2",
    "text/xml",
    "<?xml version='1.0'?><methodCall><methodName>supervisor.getState</methodName><params/></methodCall>",
    "RUNNING",
)
# The reference speaks XML-RPC alone.
PATH, TYPE, BODY, ANSWER = XML_RPC if REFERENCE else JSON_RPC


def post(site, credentials=None):
    """One RPC call over TCP: status, headers, body."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.control}{PATH}", BODY.encode(), {"Content-Type": TYPE})
    if credentials:
        request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, ""


def tcp():
    """The TCP server asks for user and password; the file may hold the password's SHA-1."""
    with Site() as site:
        site.supervisord()
        pid = site.wait_pidfile()
        status, headers, _ = post(site)
        check("RPC without credentials is refused with 401", status, 401)
        check("and asks for Basic credentials", headers.get("WWW-Authenticate", ""), has("Basic realm="))
        check("a wrong password is refused", post(site, "user:124")[0], 401)
        check("a wrong user is refused", post(site, "root:123")[0], 401)
        check("the hash itself is no password", post(site, "user:{SHA}40bd001563085fc35165329ea1ff5c5ecbdbbeef")[0], 401)
        status, _, body = post(site, "user:123")
        check("user and password of {SHA} are accepted", (status, ANSWER in body), (200, True))
        url = f"http://127.0.0.1:{site.control}"
        code = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}")
        check("curl without credentials: 401", site.run(*code, f"{url}{PATH}").out, "401")
        said = site.run("curl", "-s", "-u", "user:123", "-H", f"Content-Type: {TYPE}", "-d", BODY, f"{url}{PATH}")
        check("curl with credentials: the state", said.out, has(ANSWER))
        said = site.ctl("-s", url, "-u", "user", "-p", "123", "pid")
        check("supervisorctl over TCP", (said.out, said.code), (f"{pid}\n", 0))
        said = site.ctl("-s", url, "-u", "user", "-p", "wrong", "pid")
        check("supervisorctl with a wrong password", (said.out.splitlines()[0], said.code),
              ("Server requires authentication", 1))
        site.edit("supervisord.conf", "{SHA}40bd001563085fc35165329ea1ff5c5ecbdbbeef", "in the clear: 1:2")
        check("reload with another password", site.ctl("reload").code, 0)
        check_until("a password in the clear, with colons, is accepted",
                    lambda: post(site, "user:in the clear: 1:2")[0] == 200)
        check("the old one no more", post(site, "user:123")[0], 401)
        site.ctl("shutdown")
        check_until("the daemon ends", lambda: not site.processes())


def other_user():
    """Another user may not use the socket, is told so, and may when mode and group allow it."""
    if os.getuid() != 0:
        print("left out: needs root")
        return
    with Site() as site:
        site.supervisord()
        pid = site.wait_pidfile()
        ctl = program("supervisorctl")
        if site.run("runuser", "-u", "nobody", "--", ctl, "-h").code != 0:
            ctl = shutil.copy(ctl, site.dir / "supervisorctl")
        call = ("runuser", "-u", "nobody", "--", ctl, "-c", site.conf, "pid")
        said = site.run(*call)
        check("another user is told 'error: ... Permission denied'", said.out, has("Permission denied"))
        check("in a line that begins with 'error: ', status 1", (said.out[:7], said.code), ("error: ", 1))
        site.edit("supervisord.conf", "chmod = 0700 ", "chown = root:nogroup\nchmod = 0770 ")
        site.ctl("reload")
        check_until("with chmod=0770 and a group of his he may",
                    lambda: (said := site.run(*call)).code == 0 and said.out == f"{pid}\n")
        site.ctl("shutdown")
        check_until("the daemon ends", lambda: not site.processes())
