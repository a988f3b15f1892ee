"""How the page looks on a small screen, and what it needs of a browser: nothing but HTML and a style."""

from browser import message, press, state
from harness import check


def looks(desk):
    """Narrow, dark, without a script."""
    with desk.window(viewport={"width": 360, "height": 640}) as page:
        for path in ("/", "/tail.html?processname=web", "/?action=stopall"):
            page.goto(desk.url + path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            check(f"{path} fits into 360 points", wide <= 360, True)
        page.goto(desk.url)
        box = page.locator("tbody tr", has_text="web").get_by_role("button", name="Stop").bounding_box()
        check("buttons are large enough to touch", box["height"] >= 24 and box["width"] >= 40, True)
    with desk.window(color_scheme="dark") as page:
        page.goto(desk.url)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        check("dark where the reader likes it", max(int(n) for n in ground[4:-1].split(",")) < 64, True)
    with desk.window(java_script_enabled=False) as page:
        page.goto(desk.url)
        press(page, "web", "Restart")
        check("without a script: restart", (message(page), state(page, "web")), ("Process web restarted", "running"))
        page.goto(f"{desk.url}/?action=stop&processname=web")
        with page.expect_navigation():
            page.get_by_role("button", name="Yes").click()
        check("without a script: a link, and its question", message(page), "Process web stopped")
        press(page, "web", "Start")
    with desk.window() as page:
        page.goto(desk.url)
        check("there is no script at all", page.locator("script").count(), 0)
