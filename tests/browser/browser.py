"""A desk to work at: the daemon with its programs, and a browser.

Each `window` is a profile of its own; what its pages complain about is gathered and must be nothing in the end.
"""

import contextlib
import os
import shutil
import tempfile

from playwright.sync_api import sync_playwright

from harness import Site, check, check_until, free_port

CONFIG = """\
[supervisord]
logfile={dir}/var/supervisord.log
pidfile={dir}/var/supervisord.pid
childlogdir={dir}/var
[unix_http_server]
file={dir}/var/s.sock
[inet_http_server]
port=127.0.0.1:%(guarded)d
username=user
password=1:23
[inet_http_server:open]
port=127.0.0.1:%(open)d
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{dir}/var/s.sock
[program:web]
command=sh -c 'n=0; while :; do n=$((n+1)); echo "line $n <b>&"; echo "oh $n" >&2; sleep 0.1; done'
startsecs=0
stopwaitsecs=5
[program:spare]
command=cat
autostart=false
startsecs=0
[program:broken]
command={dir}/nothing
autostart=false
[program:crasher]
command=false
autostart=false
startretries=0
[group:shop]
programs=api
[program:api]
command=cat
startsecs=0
"""


class Desk:
    """The daemon, the browser, and what is needed to look at both."""

    def __init__(self):
        self.site = Site(example=False)
        self.guarded, self.open = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.guarded}"
        self.open_url = f"http://127.0.0.1:{self.open}"

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(self.site)
        config = CONFIG % {"guarded": self.guarded, "open": self.open}
        self.site.write("supervisord.conf", config)
        said = self.site.supervisord()
        assert said.code == 0, said
        self.site.wait_pidfile("var/supervisord.pid")
        self.site.wait_state("web", "RUNNING")
        home = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="browser"))
        playwright = self.stack.enter_context(sync_playwright())
        arguments = ["--host-resolver-rules=MAP evil.example 127.0.0.1"]
        if os.getuid() == 0:
            arguments.append("--no-sandbox")
        self.chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=arguments,
            env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home},
        )
        self.stack.callback(self.chromium.close)
        return self

    def __exit__(self, *ending):
        self.site.ctl("shutdown")
        check_until("the daemon ends and leaves no process", lambda: not self.site.processes())
        return self.stack.__exit__(*ending)

    @contextlib.contextmanager
    def window(self, known=True, quiet=True, **options):
        """A page in a fresh profile; `known`: it has the password; `quiet`: it may not complain."""
        if known:
            options["http_credentials"] = {"username": "user", "password": "1:23"}
        with contextlib.closing(self.chromium.new_context(**options)) as context:
            context.set_default_timeout(15_000)
            page = context.new_page()
            complaints = []

            def listen(opened):
                opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
                opened.on("pageerror", lambda error: complaints.append(str(error)))

            listen(page)
            context.on("page", listen)
            yield page
            if quiet:
                check("nothing was complained about in the console", complaints, [])

    def pid(self, name="web"):
        """The pid by the control program; 0 if it does not run."""
        return self.site.pid(name)


def row(page, name):
    """The row of a process."""
    return page.locator("tbody tr").filter(has=page.locator(f"td a[href^='tail.html']", has_text=name))


def state(page, name):
    """What the page shows as its state."""
    return row(page, name).locator("td.status").inner_text()


def message(page):
    """What the page says of the last action."""
    return page.locator(".status_msg").inner_text()


def press(page, name, button):
    """Presses a button of a row and waits for the page that follows."""
    with page.expect_navigation():
        row(page, name).get_by_role("button", name=button).click()


def buttons(page, name):
    """The words of what can be done with a process."""
    return [words.strip() for words in row(page, name).locator("td.action button, td.action a").all_inner_texts()]
