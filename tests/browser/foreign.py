"""Pages of other sites, in a browser that has the password: what they try must come to nothing.

The other site is a small server of ours, once on the same host and another port, once under another name.
"""

import contextlib
import http.server
import threading

from browser import message, press, state
from harness import check, until

PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>evil</title>
<form id="form" method="post" action="{url}/index.html">
<input name="processname" value="web"><input name="action" value="stop"></form>
<a id="link" href="{url}/?action=stop&amp;processname=web">kittens</a>
<div id="place"></div>"""


@contextlib.contextmanager
def site(url):
    """Serves the evil page; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = PAGE.format(url=url).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def guarded(desk):
    """The user is logged in, and then meets the other site."""
    attack(desk, desk.url)


def open_door(desk):
    """There is no password that would have to be sent along."""
    attack(desk, desk.open_url)


def attack(desk, url):
    with site(url) as port:
        for host in ("localhost", "127.0.0.1"):
            with desk.window(quiet=False) as page:
                page.goto(url)
                check(f"the user is logged in at {url}", state(page, "web"), "running")
                before = desk.pid()
                for what, tried in ATTACKS.items():
                    page.goto(f"http://{host}:{port}/")
                    tried(page, url, what)
                    check(f"{what} from {host}: web runs on", desk.pid(), before)
    with desk.window() as page:
        page.goto(url)
        press(page, "web", "Restart")
        check("the page's own button works", message(page), "Process web restarted")


def form(page, url, what):
    with page.expect_navigation():
        page.evaluate("document.getElementById('form').submit()")
    check(f"{what}: refused", page.locator("body").inner_text().count("Error code 403."), 1)


def form_in_frame(page, url, what):
    with page.expect_response(lambda answer: answer.url.startswith(url)) as answered:
        page.evaluate("""() => {
            document.getElementById('place').innerHTML = '<iframe name="hole"></iframe>';
            const form = document.getElementById('form'); form.target = 'hole'; form.submit();
        }""")
    # in a frame of another site the browser may not even send the password
    check(f"{what}: refused", answered.value.status in (401, 403), True)


def image(page, url, what):
    script = """([url, policy]) => new Promise(done => {
        const image = new Image();
        image.onload = image.onerror = event => done(event.type);
        image.referrerPolicy = policy;
        image.src = url + '/?action=stop&processname=web&x=' + Math.random();
    })"""
    for policy in ("no-referrer", "unsafe-url"):
        check(f"{what} ({policy}): no picture", page.evaluate(script, [url, policy]), "error")


def fetch(page, url, what):
    script = """async ([url, options]) => {
        try { const answer = await fetch(url + '/index.html', options); return answer.type; }
        catch (error) { return 'failed'; }
    }"""
    body = "action=stop&processname=web"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    table = [
        ({"method": "POST", "mode": "no-cors", "credentials": "include", "body": body, "headers": kind}, ("opaque", "failed")),
        ({"method": "POST", "mode": "cors", "credentials": "include", "body": body, "headers": kind}, ("failed",)),
        ({"method": "POST", "mode": "cors", "credentials": "include", "body": body, "headers": {"X-Own": "1"}}, ("failed",)),
    ]
    for options, allowed in table:
        found = page.evaluate(script, [url, options])
        check(f"{what} ({options['mode']}): nothing to read", found in allowed, True)


def call(page, url, what):
    script = """async ([address, body]) => {
        const options = {method: 'POST', mode: 'no-cors', credentials: 'include', body};
        try { return (await fetch(address, options)).type; } catch (error) { return 'failed'; }
    }"""
    json = '{"jsonrpc":"2.0","id":1,"method":"supervisor.stopProcess","params":["web"]}'
    xml = (
        "<?xml version='1.0'?><methodCall><methodName>supervisor.stopProcess</methodName>"
        "<params><param><value><string>web</string></value></param></params></methodCall>"
    )
    for path, body in (("/rpc", json), ("/", json), ("/RPC2", xml)):
        found = page.evaluate(script, [url + path, body])
        check(f"{what} ({path}): nothing to read", found in ("opaque", "failed"), True)


def socket(page, url, what):
    script = """url => new Promise(done => {
        const socket = new WebSocket(url.replace('http', 'ws') + '/rpc');
        socket.onopen = () => done('open');
        socket.onerror = () => done('refused');
    })"""
    check(f"{what}: refused", page.evaluate(script, url), "refused")


def frame(page, url, what):
    page.evaluate("""url => new Promise(done => {
        const frame = document.createElement('iframe');
        frame.onload = done;
        frame.src = url + '/?action=stop&processname=web';
        document.getElementById('place').append(frame);
    })""", url)
    inside = page.frames[-1]
    check(f"{what}: nothing to click on", inside.locator("form").count(), 0)


def link(page, url, what):
    with page.expect_navigation():
        page.locator("#link").click()
    check(f"{what}: the user is asked", page.locator("h1").inner_text(), "Stop web?")


ATTACKS = {
    "a form": form,
    "a form in a frame": form_in_frame,
    "a picture": image,
    "a fetch": fetch,
    "a call": call,
    "a web socket": socket,
    "a frame": frame,
    "a link": link,
}


def rebound(desk):
    """The page is shown under a name that somebody pointed here, and its buttons do nothing."""
    with desk.window(quiet=False) as page:
        before = desk.pid()
        page.goto(f"http://evil.example:{desk.open}/")
        press(page, "web", "Stop")
        check("refused, with what to do", page.locator("body").inner_text().count("set username and password"), 1)
        until("an answer", lambda: desk.pid())
        check("web runs on", desk.pid(), before)
