"""The guide's service under control: start, stop, restart, the shell, a crash, and a configuration that changes."""

import json
import os
import pwd
import re
import signal
import urllib.request

from begin import leaves_nothing
from harness import Site, alive, check, check_until, has, until


def get(site, path="/"):
    """A JSON answer of the application."""
    with urllib.request.urlopen(f"http://127.0.0.1:{site.app}{path}", timeout=5) as answer:
        return json.load(answer)


def serving(site):
    """Waits until the application answers, and returns who answers."""
    return until("an answer of the application", lambda: get(site))


def lines(text):
    """The lines in the order of the alphabet: members of a group come to rest in any order."""
    return sorted(text.splitlines())


def service():
    """One program, one group, every command the guide shows."""
    with Site() as site:
        check("supervisord starts the example", site.supervisord().code, 0)
        daemon = site.wait_pidfile()
        until("the service", lambda: site.state("user_center") in ("STARTING", "RUNNING"))
        check("startsecs=5: it is STARTING for the first seconds", site.state("user_center"), "STARTING")
        check("gunicorn serves the Flask application", serving(site)["greeting"], "hello, herd")
        check("and its users", get(site, "/users/1"), {"id": 1, "name": "einverne"})
        check_until("after startsecs it is RUNNING", lambda: site.state("user_center") == "RUNNING")
        check("members are shown as group1:name", lines(re.sub(r" .*", "", site.ctl("status").out, flags=re.M)),
              ["group1:redis", "group1:ticker", "user_center"])
        said = site.ctl("status")
        shape = r"[\w:]+ +RUNNING   pid \d+, uptime \d:\d\d:\d\d"
        check("status has a line of name, state, pid and uptime each",
              (said.code, all(re.fullmatch(shape, line) for line in said.out.splitlines())), (0, True))
        master = site.pid("user_center")
        check("the pid shown is gunicorn's master", get(site)["master"], master)
        check("redis answers", site.run("redis-cli", "-p", site.redis, "ping").out, "PONG\n")
        if os.getuid() == 0:
            owner = pwd.getpwuid(os.stat(f"/proc/{site.pid('group1:redis')}").st_uid).pw_name
            check("redis runs as the user redis", owner, "redis")
        check("environment= reaches the program", site.run("redis-cli", "-p", site.redis, "get", "ticks").out.strip() != "")
        until("gunicorn's stderr in the stdout log", lambda: "Booting worker" in site.read("var/user_center.log"))
        check("redirect_stderr puts gunicorn's stderr into the stdout log", True)

        said = site.ctl("stop", "user_center")
        check("stop user_center", (said.out, said.code), ("user_center: stopped\n", 0))
        check("it is STOPPED, and status ends with 3", (site.state("user_center"), site.ctl("status").code), ("STOPPED", 3))
        check("its master is gone", alive(master), False)
        said = site.ctl("start", "user_center")
        check("start user_center waits until it has started", (said.out, said.code), ("user_center: started\n", 0))
        check("it serves again", serving(site)["greeting"], "hello, herd")
        said = site.ctl("start", "user_center")
        check("starting it twice is told, status 0", (said.out, said.code), ("user_center: ERROR (already started)\n", 0))
        said = site.ctl("restart", "user_center")
        check("restart user_center", (said.out, said.code), ("user_center: stopped\nuser_center: started\n", 0))

        both = [site.pid("group1:redis"), site.pid("group1:ticker")]
        said = site.ctl("stop", "group1:*")
        check("stop group1:*", (lines(said.out), said.code), (["group1:redis: stopped", "group1:ticker: stopped"], 0))
        said = site.ctl("start", "group1:*")
        check("start group1:*", (lines(said.out), said.code), (["group1:redis: started", "group1:ticker: started"], 0))
        said = site.ctl("restart", "group1:*")
        check("restart group1:*", (len(said.out.splitlines()), said.code), (4, 0))
        check("both have new pids", set(both) & {site.pid("group1:redis"), site.pid("group1:ticker")}, set())
        said = site.ctl("start", "nope")
        check("an unknown name is told, status 1", (said.out, said.code), ("nope: ERROR (no such process)\n", 1))

        said = site.ctl(stdin="status\nstop group1:ticker\nstart group1:ticker\nrestart group1:ticker\nreread\nupdate\nquit\n")
        text = said.out.replace("supervisor> ", "")
        check("the shell begins with the status", text.splitlines()[0], has("group1:redis"))
        check("the shell runs the guide's commands", "\n".join(text.splitlines()[6:]).strip(),
              "group1:ticker: stopped\ngroup1:ticker: started\ngroup1:ticker: stopped\ngroup1:ticker: started\n"
              "No config updates to processes")
        check("the shell ends with status 0", said.code, 0)

        first = site.pid("user_center")
        os.kill(first, signal.SIGKILL)
        check_until("kill -9 of gunicorn's master: a new one is started",
                    lambda: site.pid("user_center") not in (0, first))
        check_until("and serves again", lambda: get(site)["master"] == site.pid("user_center"))
        check("the main log tells of the crash", site.read("var/supervisord.log"),
              has("exited: user_center (terminated by SIGKILL; not expected)"))
        check_until("it is RUNNING again", lambda: site.state("user_center") == "RUNNING")
        leaves_nothing(site, daemon, "var/supervisord.pid", "var/supervisor.sock")


def changes():
    """Edit, reread, update; then reload."""
    with Site() as site:
        site.edit("conf.d/user_center.conf", "startsecs = 5", "startsecs = 1")
        site.supervisord()
        daemon = site.wait_pidfile()
        for name in ("user_center", "group1:redis", "group1:ticker"):
            site.wait_state(name, "RUNNING")
        app, ticker = site.pid("user_center"), site.pid("group1:ticker")
        said = site.ctl("reread")
        check("reread without a change", (said.out, said.code), ("No config updates to processes\n", 0))
        site.edit("conf.d/group1.conf", "sleep 0.2", "sleep 0.3")
        site.write("conf.d/extra.conf", "[program:extra]\ncommand = cat\nstartsecs = 0\n")
        said = site.ctl("reread")
        check("reread tells what changed and what is new", (said.out, said.code), ("extra: available\ngroup1: changed\n", 0))
        check("and touches nothing", (site.pid("user_center"), site.pid("group1:ticker")), (app, ticker))
        check("nor starts what is new", site.ctl("status", "extra").code, 4)
        said = site.ctl("update")
        check("update acts on it", (said.out, said.code),
              ("group1: stopped\ngroup1: updated process group\nextra: added process group\n", 0))
        check_until("what is new runs", lambda: site.state("extra") == "RUNNING")
        check_until("what changed runs anew", lambda: site.pid("group1:ticker") not in (0, ticker))
        check("what did not change was not touched", site.pid("user_center"), app)
        (site.dir / "conf.d/extra.conf").unlink()
        said = site.ctl("update")
        check("update stops what has gone from the files", (said.out, said.code),
              ("extra: stopped\nextra: removed process group\n", 0))
        check("and still touches nothing else", site.pid("user_center"), app)
        site.edit("conf.d/user_center.conf", "hello, herd", "hello again")
        said = site.ctl("restart", "user_center")
        serving(site)
        check("restart does not read the file again", (said.code, serving(site)["greeting"]), (0, "hello, herd"))
        app = site.pid("user_center")
        said = site.ctl("reload")
        check("reload restarts supervisord", (said.out, said.code), ("Restarted supervisord\n", 0))
        check_until("everything is started anew",
                    lambda: site.pid("user_center") not in (0, app) and site.state("user_center") == "RUNNING")
        check_until("with the configuration of now", lambda: get(site)["greeting"] == "hello again")
        check("under the same pid of the daemon", site.wait_pidfile(), daemon)
        leaves_nothing(site, daemon, "var/supervisord.pid", "var/supervisor.sock")
