"""The shell of supervisorctl: on a pipe and on a terminal; questions, history, completion, wrong credentials."""

from scenario import scenario
from side import BASE, until

CONF = BASE + """
[program:cat]
command=cat
[program:catalogue]
command=cat
autostart=false
[program:manual]
command=cat
autostart=false
[group:pair]
programs=one,two
[program:one]
command=cat
autostart=false
[program:two]
command=cat
autostart=false
"""
PROMPT = "supervisor> "


def begun(s, conf=CONF):
    d = s.daemon(conf)
    d.until_state("cat", "RUNNING")
    return d


LINES = {
    "nothing": [],
    "an empty line": [""],
    "blanks": ["   ", "\t"],
    "quit": ["quit", "status"],
    "exit": ["exit", "status"],
    "EOF": ["EOF", "status"],
    "quit with a word": ["quit now", "version"],
    "help": ["help"],
    "help of one": ["help tail"],
    "help of nothing": ["help nope"],
    "help of a question mark": ["help ?"],
    "a question mark": ["?"],
    "?start": ["?start"],
    "? start": ["? start"],
    "?nope": ["?nope"],
    "!ls": ["!ls"],
    "!": ["!"],
    "an unknown word": ["nope"],
    "an unknown word with more": ["nope nope  nope"],
    "a word in capitals": ["STATUS"],
    "blanks around": ["   version   "],
    "two blanks between": ["status  cat   manual"],
    "a semicolon": ["stop manual; start manual"],
    "a quote": ["status 'cat'"],
    "a comment": ["# status"],
    "letters beyond ASCII": ["status gr\u00fcn", "gr\u00fcn"],
    "a dash": ["-x", "status -x"],
    "a tail": ["tail cat", "tail nope", "maintail nope"],
    "several": ["version", "status manual", "start nope", "stop manual", "pid nope"],
    "errors and then the end": ["start nope", "fg", "tail", "add nope"],
    "shutdown, no": ["shutdown", "n", "version"],
    "shutdown, nothing": ["shutdown", "", "version"],
    "shutdown, the end": ["shutdown"],
    "shutdown, a word": ["shutdown", "nope", "version"],
    "shutdown, with a word": ["shutdown now", "version"],
    "reload, no": ["reload", "no", "version"],
    "reload, with a word": ["reload now", "version"],
    "open": ["open nope", "open", "version"],
    "open what is not there": ["open unix:///nonexistent/sock", "version"],
    "clear": ["clear nope", "clear"],
    "reread": ["reread", "reread x"],
    "avail": ["avail"],
    "a word with a digit": ["status1", "status-1", "status_1", "status:1", "status.1"],
    "an underscore": ["_status", "do_status", "emptyline", "default"],
}


@scenario(weight=9)
def on_a_pipe(s):
    d = begun(s)
    for name, lines in LINES.items():
        d.shell(name, lines)
    s.note("no line end", s.run(["supervisorctl", "-c", s.path("s.conf")], input="version"))


@scenario(weight=4)
def questions(s):
    d = begun(s)
    d.shell("reload, yes", ["reload", "Yes"])
    d.until_log("supervisord started with pid", 2)
    d.until_state("cat", "RUNNING")
    d.ctl("shutdown", note="-i shutdown, no", args=["-i"], input="n\n")
    d.ctl("shutdown", note="-i shutdown, no answer", args=["-i"])
    d.ctl("reload", note="-i reload, no answer", args=["-i"])
    d.ctl("version", note="it is still there")
    d.shell("shutdown, yes", ["shutdown", "y"])
    s.note("the end", f"status {d.ended()}")
    d.shell("after the end", ["status", "version", "pid", "reread"])


@scenario
def prompts(s):
    d = begun(s, CONF + "[supervisorctl]\nprompt=other here\n")
    d.shell("another prompt", ["version"])
    d.rewrite(CONF + "[supervisorctl]\nprompt=\n")
    d.shell("an empty prompt", ["version"])
    d.rewrite(CONF + "[supervisorctl]\nprompt=%(ENV_HOME)s gr\u00fcn\n")
    d.shell("a prompt with a variable", ["version"])
    d.rewrite(CONF + "[supervisorctl]\nprompt=%%(x)s\n")
    d.shell("a prompt with a percent sign", ["version"])
    d.shell("-i", ["version"], args=["-i"])


@scenario(weight=6)
def on_a_terminal(s):
    d = begun(s)
    talk = lambda note, *lines: d.terminal(note, *[(PROMPT, line) for line in lines])
    talk("quit", "quit\r")
    talk("Ctrl-D", "\x04")
    talk("Ctrl-C", "\x03")
    talk("an empty line", "\r", "quit\r")
    talk("a line and Ctrl-D", "version\r", "\x04")
    talk("correcting", "vexxx\x7f\x7f\x7frsion\r", "quit\r")
    talk("moving to the begin", "sion\x01ver\r", "quit\r")
    talk("killing the line", "nonsense\x15version\r", "quit\r")
    talk("killing a word", "version nope\x17\r", "quit\r")
    talk("the arrow up", "version\r", "\x1b[A\r", "quit\r")
    talk("the arrow up twice", "version\r", "help quit\r", "\x1b[A\x1b[A\r", "quit\r")
    talk("the arrow left", "verion\x1b[D\x1b[D\x1b[Ds\r", "quit\r")
    talk("an unknown word", "nope\r", "quit\r")
    d.terminal("shutdown, no", (PROMPT, "shutdown\r"), ("y/N? ", "n\r"), (PROMPT, "version\r"), (PROMPT, "quit\r"))
    d.terminal("tail -f in the shell", (PROMPT, "tail -f cat\r"), ("Ctrl-C to exit <==", "\x03"), (PROMPT, "version\r"), (PROMPT, "quit\r"))
    d.terminal("one-shot tail -f", ("Ctrl-C to exit <==", "\x03"), words=["tail", "-f", "cat"])
    talk("add in the shell", "add nope\r", "remove nope\r", "update nope\r", "quit\r")
    talk("a start in the shell", "start cat\r", "start nope\r", "signal CONT cat\r", "quit\r")
    talk("help in the shell", "help\r", "?\r", "help maintail\r", "quit\r")
    talk("a long line", "status " + "nope " * 30 + "\r", "quit\r")
    talk("letters beyond ASCII", "status gr\u00fcn\r", "quit\r")
    d.terminal("one-shot", words=["version"])
    d.terminal("one-shot with -i", (" y/N? ", "n\r"), args=["-i"], words=["shutdown"])


COMPLETIONS = {
    "an action": "versi\t\r",
    "an action in the middle of two": "help versi\t\r",
    "an action that is complete": "version\t\r",
    "a name": "status ma\t\r",
    "a name of a group": "status pair:t\t\r",
    "the beginning of names": "status cat\tx\r",
    "names with a common beginning": "status ca\t\r",
    "a second name": "status manual ca\t\r",
    "a group": "update pa\t\r",
    "a group to add": "add pa\t\r",
    "a group to remove": "remove man\t\r",
    "a name to tail": "tail ma\t\r",
    "a name of no group": "status on\t\r",
    "a name to signal": "signal CONT ma\t\r",
    "nothing": "status zz\t\r",
    "nothing for version": "version ma\t\r",
    "an unknown action": "zz\tx\r",
    "a group with a colon": "status pair:\t\r",
    "a name with its group": "status cat:\t\r",
    "help of an action": "help sta\tx\r",
    "after a question mark": "?vers\t\r",
}


@scenario(weight=6)
def completion(s):
    d = begun(s)
    for name, line in COMPLETIONS.items():
        d.terminal(f"completion of {name}", (PROMPT, line), (PROMPT, "quit\r"))


@scenario(weight=4)
def history(s):
    d = begun(s, CONF + "[supervisorctl]\nhistory_file={dir}/history\n")
    file = s.path("history")
    lines = ["version", "status manual", "version", "version", "", "  pid  x ", "gr\u00fcn", "quit"]
    d.terminal("a first time", *[(PROMPT, line + "\r") for line in lines])
    s.note("the file", s.read("history"))
    s.note("its mode", f"{file.stat().st_mode:o}")
    d.terminal("a second time", (PROMPT, "\x1b[A\x1b[A\x1b[A\x1b[A\r"), (PROMPT, "\x04"))
    s.note("the file after that", s.read("history"))
    d.terminal("one of the option", (PROMPT, "version\r"), (PROMPT, "quit\r"), args=["-r", str(s.path("other"))])
    s.note("the file of the option", s.read("other") if s.path("other").exists() else "(none)")
    d.rewrite(CONF + f"[supervisorctl]\nhistory_file={s.path('missing')}/x\n")
    d.terminal("a directory that is not there", (PROMPT, "version\r"), (PROMPT, "quit\r"))
    d.rewrite(CONF + "[supervisorctl]\nhistory_file=none\n")
    d.shell("a history without a terminal", ["version"])
    s.note("then there is", repr(s.read("none")) if s.path("none").exists() else "(none)")


SECRET = BASE.replace("[rpcinterface", "username=me\npassword=secret\n[rpcinterface", 1) + "[program:cat]\ncommand=cat\n"


@scenario(weight=4)
def credentials(s):
    d = s.daemon(SECRET)
    until("RUNNING", lambda: "RUNNING" in d.ctl("status", quiet=True, args=["-u", "me", "-p", "secret"]).out)
    d.ctl("version", note="none")
    d.ctl("status", note="none, status")
    d.ctl("shutdown", note="none, shutdown")
    d.ctl("reread", note="none, reread")
    d.ctl("tail cat", note="none, tail")
    d.ctl("maintail -f", note="none, maintail -f")
    d.ctl("version", note="wrong", args=["-u", "me", "-p", "wrong"])
    d.ctl("version", note="right", args=["-u", "me", "-p", "secret"])
    d.ctl("version", note="a user alone", args=["-u", "me"])
    d.ctl("version", note="a password alone", args=["-p", "secret"])
    d.ctl("version", note="an empty password", args=["-u", "me", "-p", ""])
    d.ctl("maintail -1", note="right, maintail", args=["-u", "me", "-p", "secret"])
    d.terminal("asked, quit", ("Username:", "me\r"), ("Password:", "secret\r"), (PROMPT, "version\r"), (PROMPT, "quit\r"))
    d.terminal(
        "asked twice", ("Username:", "me\r"), ("Password:", "wrong\r"), ("Username:", "me\r"), ("Password:", "secret\r"),
        (PROMPT, "quit\r"),
    )  # fmt: skip
    d.terminal("asked for one action", ("Username:", "me\r"), ("Password:", "secret\r"), args=["-i"], words=["version"])
    d.rewrite(SECRET + "[supervisorctl]\nusername=me\npassword=secret\n")
    d.ctl("version", note="from the file")
    d.ctl("version", note="the line before the file", args=["-p", "wrong"])
    d.rewrite(SECRET + "[supervisorctl]\nusername=me\npassword=with space and : colon\n")
    d.ctl("version", note="wrong in the file")
