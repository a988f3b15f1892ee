"""What a person does with the page: log in, press every button, look at logs."""

import re

from playwright.sync_api import Error

from browser import buttons, message, press, row, state
from harness import check, check_until, has, until

TAILS = ["Clear Log", "Tail -f Stdout", "Tail -f Stderr"]
TIME = r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}"


def login(desk):
    """Without the password there is nothing to see; with it there is the table."""
    with desk.window(known=False, quiet=False) as page:
        answer = page.request.get(desk.url)
        check("without a password: 401", answer.status, 401)
        check("and no table", "<table" in answer.text(), False)
        try:
            page.goto(desk.url)
            check("the browser shows nothing either", page.locator("table").count(), 0)
        except Error as refused:
            check("the browser asks for a password", refused.message, has("ERR_INVALID_AUTH_CREDENTIALS"))
    with desk.window() as page:
        answer = page.goto(desk.url)
        check("with it: 200", answer.status, 200)
        check("the title", page.title(), "Supervisor Status - supervisor")
        names = page.locator("tbody td a[href^='tail.html']").all_inner_texts()
        check("a row for each process, by group and name", names, ["broken", "crasher", "shop:api", "spare", "web"])
        shades = [r.get_attribute("class") for r in page.locator("tbody tr").all()]
        check("every second one is shaded", shades, [None, "shade", None, "shade", None])
        check("web runs", state(page, "web"), "running")
        check("and is shown as good", row(page, "web").locator("td.status span").get_attribute("class"), "statusrunning")
        check("its description has the pid", row(page, "web").inner_text(), has(f"pid {desk.pid()}, uptime 0:00:"))
        check("what can be done with it", buttons(page, "web"), ["Restart", "Stop", *TAILS, "Why"])
        check("what can be done with one that does not run", buttons(page, "spare"), ["Start", *TAILS, "Why"])
        check("the style is there", page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse"), "collapse")
        images = page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        check("and so are the pictures", images, True)
        check("ok.html", page.request.get(f"{desk.url}/ok.html").text(), "OK")


def one(desk):
    """Each button of a row."""
    with desk.window() as page:
        page.goto(desk.url)
        before = desk.pid()
        press(page, "web", "Stop")
        check("stop: the message", message(page), "Process web stopped")
        check("stop: the state", state(page, "web"), "stopped")
        check("stop: the address", page.url, f"{desk.url}/?message=Process%20web%20stopped")
        check("stop: the process is gone", desk.pid(), 0)
        page.reload()
        check("looking again does nothing again", (message(page), state(page, "web")), ("Process web stopped", "stopped"))
        press(page, "web", "Start")
        check("start", (message(page), state(page, "web")), ("Process web started", "running"))
        started = desk.pid()
        check("start: another process", started not in (0, before), True)
        press(page, "web", "Restart")
        check("restart", (message(page), state(page, "web")), ("Process web restarted", "running"))
        check("restart: another process", desk.pid() not in (0, started), True)
        press(page, "shop:api", "Stop")
        check("a member of a group", (message(page), state(page, "shop:api")), ("Process shop:api stopped", "stopped"))
        press(page, "shop:api", "Clear Log")
        check("clear log", message(page), "Log for shop:api cleared")
        press(page, "shop:api", "Start")


def everyone(desk):
    """The buttons above the table."""
    with desk.window() as page:
        page.goto(desk.url)
        with page.expect_navigation():
            page.get_by_role("link", name="Refresh").click()
        check("refresh", bool(re.fullmatch(f"Page refreshed at {TIME}", message(page))), True)
        before = desk.pid()
        with page.expect_navigation():
            page.get_by_role("button", name="Restart All").click()
        check("restart all", bool(re.fullmatch(f"All restarted at {TIME}", message(page))), True)
        check("restart all: another process", desk.pid() not in (0, before), True)
        check("restart all starts what was stopped", state(page, "spare"), "running")
        with page.expect_navigation():
            page.get_by_role("button", name="Stop All").click()
        check("stop all", bool(re.fullmatch(f"All stopped at {TIME}", message(page))), True)
        check("stop all: they are", [state(page, name) for name in ("web", "spare", "shop:api")], ["stopped"] * 3)
        for name in ("web", "shop:api"):
            press(page, name, "Start")


def troubles(desk):
    """What cannot be done is said."""
    with desk.window() as page:
        page.goto(desk.url)
        press(page, "broken", "Start")
        check("no such file", message(page), "ERROR: Process broken: no such file")
        press(page, "crasher", "Start")
        check("spawn error", message(page), "ERROR: Process crasher: spawn error")
        check("it is fatal", state(page, "crasher"), "fatal")
        check("shown as an error", row(page, "crasher").locator("td.status span").get_attribute("class"), "statuserror")
        desk.site.ctl("stop", "web")
        press(page, "web", "Stop")
        check("stopped behind our back", message(page), "unexpected rpc fault [70] NOT_RUNNING: web")
        press(page, "web", "Start")
        page.goto(f"{desk.url}/?message=%3Cscript%3Ealert(1)%3C/script%3E")
        check("a message is text", message(page), "<script>alert(1)</script>")
    with desk.window(quiet=False) as page:
        check("an unknown action: 500", page.goto(f"{desk.url}/?action=bogus").status, 500)
        check("an unknown page: 404", page.goto(f"{desk.url}/nope").status, 404)
        check("in Supervisor's words", page.locator("body").inner_text(), has("Error code 404.\n\nMessage: Not Found."))


def logs(desk):
    """The end of a log, and a log as it grows, each in a tab of its own."""
    with desk.window() as page:
        page.goto(desk.url)
        with page.context.expect_page() as opened:
            row(page, "web").locator("td a[href^='tail.html']").click()
        tail = opened.value
        tail.wait_for_load_state()
        check("the tail page's title", tail.title(), "Supervisor tail of process web")
        last = lambda: int(re.findall(r"line (\d+) <b>&", tail.locator("pre").inner_text())[-1])
        first = last()
        until("another line", lambda: desk.site.ctl("tail", "-40", "web").out.count(f"line {first + 3} "))
        with tail.expect_navigation():
            tail.get_by_role("link", name="Refresh").click()
        check("refreshed, it goes on", last() > first, True)
        tail.goto(f"{desk.url}/tail.html?processname=web&limit=2048")
        check("a limit", 1500 < len(tail.locator("pre").inner_text()) <= 2048 or last() < 120, True)
        with page.context.expect_page() as opened:
            row(page, "web").get_by_role("link", name="Tail -f Stdout").click()
        stream = opened.value
        check("the stream's address", stream.url, f"{desk.url}/logtail/web")
        shown = lambda: [int(n) for n in re.findall(r"line (\d+) <b>&", stream.locator("body").inner_text())]
        begun = until("lines", lambda: shown())[-1]
        check_until("lines come as they are written", lambda: shown()[-1] > begun + 5)
        numbers = shown()
        steps = [then for now, then in zip(numbers, numbers[1:]) if then not in (now + 1, 1)]
        check("none is missing, whoever counted from 1", steps, [])
        stream.close()
        with page.context.expect_page() as opened:
            row(page, "web").get_by_role("link", name="Tail -f Stderr").click()
        check_until("standard error", lambda: "oh " in opened.value.locator("body").inner_text())
        opened.value.close()
        press(page, "web", "Stop")
        press(page, "web", "Clear Log")
        tail.goto(f"{desk.url}/tail.html?processname=web")
        check("a cleared log is empty", tail.locator("pre").inner_text(), "")
        press(page, "web", "Start")


def links(desk):
    """A link with an action asks; its button does it."""
    with desk.window() as page:
        before = desk.pid()
        answer = page.goto(f"{desk.url}/index.html?processname=web&action=restart")
        check("the question", (answer.status, page.locator("h1").inner_text()), (200, "Restart web?"))
        check("nothing is done yet", desk.pid(), before)
        page.get_by_role("link", name="No").click()
        check("no: the table", page.locator("table").count(), 1)
        page.goto(f"{desk.url}/?processname=web&action=restart")
        with page.expect_navigation():
            page.get_by_role("button", name="Yes").click()
        check("yes: it is done", message(page), "Process web restarted")
        check("by another process", desk.pid() not in (0, before), True)
