"""`tail`, `maintail` and `fg`: sizes, channels, errors, and what does not end before Ctrl-C."""

import contextlib
import signal

from scenario import scenario
from side import BASE, until

CONF = BASE + """
[program:talks]
command=sh -c 'i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); done; echo to stderr >&2; exec cat'
stdout_logfile={dir}/talks.out
stderr_logfile={dir}/talks.err
[program:letters]
command=sh -c 'printf "gr\\303\\274n \\342\\202\\254 \\360\\237\\230\\200\\n"; exec cat'
stdout_logfile={dir}/letters.out
[program:bytes]
command=sh -c 'printf "a\\377b\\n"; exec cat'
stdout_logfile={dir}/bytes.out
[program:open_line]
command=sh -c 'printf "no end"; exec cat'
stdout_logfile={dir}/open.out
[program:silent]
command=cat
stdout_logfile={dir}/silent.out
redirect_stderr=true
[program:off]
command=cat
stdout_logfile=NONE
stderr_logfile=NONE
[program:gone]
command=cat
stdout_logfile={dir}/gone.out
[program:manual]
command=cat
autostart=false
stdout_logfile={dir}/manual.out
[group:pair]
programs=one
[program:one]
command=sh -c 'echo one; echo two >&2; exec cat'
stdout_logfile={dir}/one.out
stderr_logfile={dir}/one.err
"""


def begun(s):
    d = s.daemon(CONF)
    d.until_state("talks", "RUNNING")
    d.until_state("pair:one", "RUNNING")
    for name, text in [("talks.err", "stderr"), ("letters.out", "\n"), ("open.out", "end"), ("one.err", "two")]:
        until(f"{text!r} in {name}", lambda name=name, text=text: text in s.read(name))
    s.path("gone.out").unlink(missing_ok=True)
    return d


@scenario(weight=6)
def tail(s):
    d = begun(s)
    d.ctls(
        "tail",
        "tail talks",
        "tail talks stdout",
        "tail talks stderr",
        "tail talks STDERR",
        "tail talks Stdout",
        "tail talks nope",
        "tail -100 talks",
        "tail -10 talks stderr",
        "tail -3 talks stderr",
        "tail -0 talks stderr",
        "tail -1 talks",
        "tail -99999999 talks stderr",
        "tail -f",
        "tail -100",
        "tail -x talks",
        "tail -1.5 talks",
        "tail -- talks",
        "tail - talks",
        "tail --5 talks",
        "tail -F talks",
        "tail -f nope",
        "tail -f off",
        "tail -f talks nope",
        "tail -f talks stdout nope",
        "tail -f -f talks",
        "tail talks -f",
        "tail talks -100",
        "tail 100 talks",
        "tail nope",
        "tail nope stderr",
        "tail nope:*",
        "tail pair:*",
        "tail pair:one",
        "tail pair:one stderr",
        "tail pair",
        "tail one",
        "tail pair:nope",
        "tail letters",
        "tail -5 letters",
        "tail open_line",
        "tail silent",
        "tail silent stderr",
        "tail off",
        "tail off stderr",
        "tail gone",
        "tail manual",
        "tail all",
        "tail a b c d",
        "tail -f a b c",
        "tail talks stdout more",
        "tail :",
        "tail talks:",
    )


@scenario(weight=3)
def tail_of_bytes(s):
    d = begun(s)
    d.ctls("tail bytes", "tail -4 letters")
    d.ctl("tail -f gone")


@scenario(weight=4)
def maintail(s):
    d = begun(s)
    d.ctls(
        "maintail -0 x",
        "maintail foo",
        "maintail -x",
        "maintail -f x",
        "maintail 100",
        "maintail -1 -1",
        "maintail -",
        "maintail -1",
        "maintail -8",
    )
    whole = d.ctl("maintail", quiet=True)
    s.note("maintail, which is", f"{len(whole.out.encode())} bytes, exit status {whole.code}")
    s.path("main.log").write_bytes(b"all of it\n")
    d.ctl("maintail", note="maintail of another text")
    d.ctl("maintail -0", note="the whole log")
    d.ctl("maintail -4", note="four bytes")
    d.ctl("maintail --4", note="from the fifth byte on")
    s.path("main.log").unlink()
    d.ctl("maintail", note="maintail without a file")
    d.ctl("maintail -f", note="maintail -f without a file")


@scenario(weight=4)
def follow(s):
    d = begun(s)
    send = lambda text: lambda process: d.rpc("supervisor.sendProcessStdin", "silent", text)
    d.follow("tail -f talks", "tail -f talks", "line 399\n")
    d.follow("tail -f talks stderr", "tail -f talks stderr", "stderr\n")
    d.follow("tail -f letters", "tail -f letters", "\U0001f600\n")
    d.follow("tail -f pair:one", "tail -f pair:one", "one\n")
    d.follow("tail -f silent", "tail -f silent", "==> Press", "fresh", act=send("fresh\n"))
    d.follow("tail -f silent again", "tail -f silent", "fresh", "more", act=send("gr\u00fcn and more\n"))
    d.follow("tail -f open_line", "tail -f open_line", "no end")
    d.follow("tail -f manual stderr", "tail -f manual stderr", "==> Press")
    d.follow("tail -f bytes", "tail -f bytes", "b\n" if s.is_ours else "Undecodable")
    s.path("main.log").write_bytes(b"all of it\n")
    d.follow("maintail -f", "maintail -f", "all of it\n")
    d.follow("tail -f, terminated", "tail -f pair:one", "one\n", number=signal.SIGTERM)


@scenario(weight=4)
def follow_to_the_end(s):
    d = begun(s)
    d.follow("the daemon ends", "tail -f pair:one", "one\n", act=lambda process: (d.signal(signal.SIGTERM), process.wait(20)))


@scenario(weight=4)
def foreground(s):
    d = begun(s)
    type_in = lambda text: lambda process: (process.stdin.write(text), process.stdin.flush())
    end = "Exiting foreground"
    close = lambda process: process.stdin.close()
    d.follow("fg at the end of the input", "fg silent", "==> Press", act=close, number=None, farewell=end)
    d.follow("fg silent", "fg silent", "==> Press", "typed", act=type_in(b"typed\n"), farewell=end)
    d.follow("fg silent, letters", "fg silent", "==> Press", "gr\u00fcn", act=type_in("gr\u00fcn\n".encode()), farewell=end)


@scenario(weight=4)
def foreground_that_ends(s):
    d = s.daemon(BASE + "[program:reads]\ncommand=sh -c 'read x; exit 0'\nautorestart=false\n")
    d.until_state("reads", "RUNNING")

    def act(process):
        process.stdin.write(b"x\n")
        process.stdin.flush()
        d.until_state("reads", "EXITED")
        # The client may have noticed by now, and be gone.
        with contextlib.suppress(OSError):
            process.stdin.write(b"y\n")
            process.stdin.flush()

    d.follow("fg of what ends", "fg reads", "==> Press", "got killed", act=act, number=None, farewell="Exiting foreground")
