"""The guide's troubles, each with Supervisor's message and the remedy."""

from harness import Site, check, check_until, has, until


def program(site, name, **keys):
    """Writes a program into the site's conf.d."""
    rows = "".join(f"{key} = {value}\n" for key, value in keys.items())
    site.write(f"conf.d/{name}.conf", f"[program:{name}]\n{rows}")


def refused():
    """What keeps the daemon from starting: told on standard error, status 2, nothing touched."""
    with Site() as site:
        def start(what, message, **keys):
            program(site, "bad", **keys)
            said = site.supervisord()
            check(what, said.err, has(message))
            check("... with status 2, before anything is touched",
                  (said.code, (site.dir / "var/supervisord.log").exists()), (2, False))

        log = f"{site.dir}/data/logs/bad.log"
        start("a log in a directory that does not exist is refused",
              f"The directory named as part of the path {log} does not exist", command="cat", stdout_logfile=log)
        start("an unknown user is refused", "Invalid user name nobody-of-that-name", command="cat", user="nobody-of-that-name")
        start("a misspelt command= is a missing one", "does not specify a command", commmand="sh -c 'your command'")
        (site.dir / "conf.d/bad.conf").unlink()
        said = site.supervisord("-c", site.dir / "none.conf")
        check("a file that is not there is told by name", (said.err.splitlines()[0], said.code),
              (f"Error: could not find config file {site.dir}/none.conf", 2))


def later():
    """What fails when a program is started: told in status and log, everything else goes on."""
    with Site() as site:
        site.edit("conf.d/user_center.conf", "startsecs = 5", "startsecs = 1")
        program(site, "source", command="source env.sh && exec cat", startretries=0)
        program(site, "missing", command="/no/such/command", startretries=1)
        directory = f"{site.dir}/app; no blank before the semicolon"
        program(site, "trap", command="cat", directory=directory, startretries=0, startsecs=5, redirect_stderr="true",
                stdout_logfile=f"{site.dir}/var/trap.log")
        site.supervisord()
        site.wait_pidfile()
        check_until("a shell's word is no command: FATAL", lambda: site.state("source") == "FATAL")
        said = site.ctl("status", "source")
        check("status says can't find command 'source'", (said.out.split(None, 2)[2], said.code),
              ("can't find command 'source'\n", 3))
        said = site.ctl("start", "source")
        check("start says no such file", (said.out, said.code), ("source: ERROR (no such file)\n", 1))
        program(site, "source", command="sh -c '. {dir}/env.sh && exec cat'", startsecs=1)
        check("the remedy sh -c is taken by update", site.ctl("update", "source").code, 0)
        check_until("and runs", lambda: site.state("source") == "RUNNING")
        check_until("a missing command is given up after its retries", lambda: site.state("missing") == "FATAL")
        check("the log tells each attempt", site.read("var/supervisord.log").count(
            "spawnerr: can't find command '/no/such/command'"), 2)
        check("and that it was given up", site.read("var/supervisord.log"), has("gave up: missing entered FATAL state"))
        until("the trap", lambda: site.state("trap") == "FATAL")
        check("a comment without a blank before it belongs to the value, and the log says so",
              site.read("var/trap.log"), has(f"supervisor: couldn't chdir to {directory}: ENOENT"))
        check_until("the others run all the while", lambda: site.state("user_center") == "RUNNING")
        app = site.pid("user_center")
        log = f"{site.dir}/data/bad.log"
        program(site, "bad", command="cat", stdout_logfile=log)
        said = site.ctl("reread")
        check("a bad configuration is refused by reread", (said.out.split(":")[:2], said.code), (["ERROR", " CANT_REREAD"], 1))
        check("with the reason", said.out, has(f"The directory named as part of the path {log} does not exist"))
        check("and nothing was touched", site.pid("user_center"), app)
        (site.dir / "data").mkdir()
        said = site.ctl("update")
        check("with the directory made, update takes it", (said.out, said.code), ("bad: added process group\n", 0))
        site.ctl("shutdown")
        check_until("the daemon ends", lambda: not site.processes())
