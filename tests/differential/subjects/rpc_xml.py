"""XML-RPC on both sides, as bytes: every method, faults, arity and types, what is malformed, several calls in one."""

import re
import socket
import xmlrpc.client

from scenario import scenario, table
from side import BASE, until

CAT = "[program:cat]\ncommand=cat\nstartsecs=0\nautorestart=false\n"
OFF = "[program:off]\ncommand=cat\nautostart=false\nstartsecs=0\nstdout_logfile={dir}/off.log\nstderr_logfile=NONE\n"
BAD = "[program:bad]\ncommand={dir}/none\nautostart=false\n"
PAIR = "[program:a]\ncommand=cat\nautostart=false\nstartsecs=0\n[program:b]\ncommand=cat\nautostart=false\nstartsecs=0\n"
GROUP = "[group:pair]\nprograms=a,b\n"
ALL = BASE + CAT + OFF + BAD + PAIR + GROUP

# What is another number on each side, or at each time.
NUMBERS = re.compile(r"(<name>(start|stop|now|pid)</name>\n<value><int>)[1-9]\d*(</int>)")
# Names of files that are made up.
MADE_UP = re.compile(r"---same-\w{8}\.log")


def exchange(d, request, end=False):
    """Sends bytes and reads until the daemon closes; `end`: closes our half at once."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(20)
        stream.connect(str(d.side.path("s.sock")))
        stream.sendall(request if isinstance(request, bytes) else request.encode())
        if end:
            stream.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := stream.recv(65536):
            pieces.append(piece)
    return b"".join(pieces).decode("utf-8", "backslashreplace")


def post(d, body, path="/RPC2", version="1.1", headers=""):
    """One request; the status line, what the answer says of its body, and the body."""
    body = body if isinstance(body, bytes) else body.encode()
    head = f"POST {path} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return shown(exchange(d, head.encode() + body))


def shown(answer):
    head, _, body = answer.partition("\r\n\r\n")
    lines = head.split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    length = "of its length" if fields.get("content-length") == str(len(body.encode())) else "of another length"
    body = MADE_UP.sub("---same-<name>.log", NUMBERS.sub(r"\1<number>\3", body))
    return "\n".join([lines[0], f"{fields.get('content-type')}, {length}", "", body])


def call(d, method, *params):
    return post(d, xmlrpc.client.dumps(params, method, allow_none=True))


def calls(s, d, rows):
    """Calls one after the other; each is noted."""
    for method, *params in rows:
        s.note(f"{method} {params}", call(d, method, *params))


@scenario
def what_the_daemon_tells_of_itself(s):
    d = s.daemon(ALL)
    d.until_state("cat", "RUNNING")
    calls(s, d, [[f"supervisor.{name}"] for name in [
        "getAPIVersion", "getVersion", "getSupervisorVersion", "getIdentification", "getState", "getAllProcessInfo",
        "clearLog",
    ]])  # fmt: skip
    s.note("getPID", re.sub(r"\d{2,}", "<pid>", call(d, "supervisor.getPID")))
    for name in ["cat", "cat:cat", "off", "bad", "pair:a"]:
        s.note(f"getProcessInfo {name}", call(d, "supervisor.getProcessInfo", name))
    s.note("getAllConfigInfo", call(d, "supervisor.getAllConfigInfo"))


@scenario
def starting_and_stopping(s):
    d = s.daemon(ALL)
    d.until_state("cat", "RUNNING")
    calls(s, d, [
        ["supervisor.startProcess", "off"],
        ["supervisor.startProcess", "cat"],
        ["supervisor.startProcess", "bad"],
        ["supervisor.startProcess", "nope"],
        ["supervisor.startProcess", "pair:*"],
        ["supervisor.stopProcess", "off", True],
        ["supervisor.stopProcess", "off"],
        ["supervisor.stopProcess", "off", False],
        ["supervisor.startProcess", "off", 1],
        ["supervisor.startProcess", "off", 0],
        ["supervisor.stopProcess", "off", "yes"],
        ["supervisor.startProcessGroup", "pair"],
        ["supervisor.startProcessGroup", "nope"],
        ["supervisor.stopProcessGroup", "nope"],
        ["supervisor.signalProcess", "cat", "HUP!"],
        ["supervisor.signalProcess", "nope", "HUP"],
        ["supervisor.signalProcess", "off", "HUP"],
        ["supervisor.signalProcess", "cat", "SIGCONT"],
        ["supervisor.signalProcess", "cat", "18"],
        ["supervisor.signalProcess", "cat", 18],
        ["supervisor.signalProcessGroup", "cat", "CONT"],
        ["supervisor.signalProcessGroup", "cat", "NOPE"],
        ["supervisor.signalAllProcesses", 1000],
        ["supervisor.startProcessGroup", "off", False],
        ["supervisor.stopProcessGroup", "pair", None],
        ["supervisor.stopProcessGroup", "cat"],
    ])  # fmt: skip


@scenario
def groups(s):
    d = s.daemon(ALL)
    calls(s, d, [["supervisor.reloadConfig"], ["supervisor.addProcessGroup", "off"], ["supervisor.addProcessGroup", "x"],
                 ["supervisor.removeProcessGroup", "off"], ["supervisor.removeProcessGroup", "cat"],
                 ["supervisor.removeProcessGroup", "x"]])  # fmt: skip
    d.rewrite(BASE + CAT.replace("startsecs=0", "startsecs=1") + "[program:new]\ncommand=cat\nautostart=false\n")
    s.note("reloadConfig with a difference", call(d, "supervisor.reloadConfig"))
    s.note("addProcessGroup of a new one", call(d, "supervisor.addProcessGroup", "new"))
    d.rewrite("[supervisord]\nminfds=x\n")
    s.note("reloadConfig of nonsense", call(d, "supervisor.reloadConfig"))


@scenario
def logs_and_stdin(s):
    d = s.daemon(ALL)
    d.until_state("cat", "RUNNING")
    calls(s, d, [
        ["supervisor.sendProcessStdin", "cat", "The Øresund bridge <&>\n"],
        ["supervisor.sendProcessStdin", "cat", 5],
        ["supervisor.sendProcessStdin", "cat", True],
        ["supervisor.sendProcessStdin", "cat", None],
        ["supervisor.sendProcessStdin", "off", "x"],
        ["supervisor.sendProcessStdin", "nope", "x"],
    ])  # fmt: skip
    until("the echo", lambda: "bridge" in str(d.rpc("supervisor.readProcessStdoutLog", "cat", 0, 0)))
    rows = [[f"supervisor.{read}", "cat", *piece] for read in [
        "readProcessStdoutLog", "readProcessLog", "readProcessStderrLog", "tailProcessStdoutLog", "tailProcessLog",
        "tailProcessStderrLog",
    ] for piece in [(0, 0), (4, 8), (-5, 0), (0, -1), (-1, 1), (100, 0)]]  # fmt: skip
    rows += [["supervisor.readProcessStdoutLog", "cat", "1", "3"], ["supervisor.readProcessStdoutLog", "cat", 1.9, True]]
    rows += [["supervisor.readProcessStdoutLog", "off", 0, 0], ["supervisor.readProcessStderrLog", "off", 0, 0]]
    rows += [["supervisor.tailProcessStderrLog", "off", 0, 0], ["supervisor.readProcessStdoutLog", "x", 0, 0]]
    rows += [["supervisor.readLog", 0, 4], ["supervisor.readMainLog", 0, 4], ["supervisor.readLog", 0, -4]]
    rows += [["supervisor.clearProcessLogs", "cat"], ["supervisor.clearProcessLog", "cat"]]
    rows += [["supervisor.clearProcessLogs", "x"], ["supervisor.clearAllProcessLogs"]]
    rows += [["supervisor.sendRemoteCommEvent", "a", "b"], ["supervisor.sendRemoteCommEvent", 1, 2]]
    calls(s, d, rows)


@scenario
def parameters_of_wrong_number(s):
    d = s.daemon(ALL)
    names = d.rpc("system.listMethods")
    names = [name for name in names if name.startswith("supervisor.")]
    s.note("the methods of supervisor", "\n".join(names))
    for name in names:
        s.note(name, call(d, name, 1, 2, 3, 4))
    for name in ["getProcessInfo", "startProcess", "signalProcess", "readLog", "sendProcessStdin", "addProcessGroup"]:
        s.note(f"{name} with none", call(d, f"supervisor.{name}"))


@scenario
def introspection(s):
    d = s.daemon(ALL)
    names = [name for name in d.rpc("system.listMethods") if name.startswith("supervisor.")]
    for name in [*names, "system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"]:
        s.note(f"methodSignature {name}", call(d, "system.methodSignature", name))
    calls(s, d, [["system.methodSignature", "x"], ["system.methodHelp", "x"], ["system.methodSignature"],
                 ["system.listMethods", 1]])  # fmt: skip


@scenario
def names_that_are_no_methods(s):
    d = s.daemon(ALL)
    for name in [
        "x", "supervisor", "supervisor.", ".getState", "supervisor.nope", "nope.getState", "supervisor.getState.x",
        "supervisor.__init__", "supervisor._update", "supervisor.supervisord.options", "system.namespaces",
        " supervisor.getState", "supervisor.getState ", "supervisor.getstate", "system._listMethods", "é.è",
    ]:  # fmt: skip
        s.note(f"{name!r}", call(d, name))


@scenario
def several_calls_in_one(s):
    d = s.daemon(ALL)
    d.until_state("cat", "RUNNING")
    several = {
        "none": [],
        "two": [{"methodName": "supervisor.getState"}, {"methodName": "supervisor.getVersion", "params": []}],
        "a fault between": [
            {"methodName": "supervisor.getVersion"},
            {"methodName": "supervisor.getProcessInfo", "params": ["x"]},
            {"methodName": "supervisor.getVersion"},
        ],
        "unknown": [{"methodName": "nope"}, {"methodName": "supervisor.nope"}],
        "no name": [{}, {"params": [1]}],
        "in itself": [{"methodName": "system.multicall", "params": [[]]}],
        "wrong arity": [{"methodName": "supervisor.getState", "params": [1]}],
        "waited for": [
            {"methodName": "supervisor.stopProcess", "params": ["cat"]},
            {"methodName": "supervisor.startProcess", "params": ["cat", 1]},
            {"methodName": "supervisor.startProcess", "params": ["cat"]},
            {"methodName": "supervisor.startProcess", "params": ["pair:*", True]},
        ],
        "numbers as texts": [{"methodName": "supervisor.readLog", "params": ["0", "4"]}],
        "introspection": [{"methodName": "system.methodSignature", "params": ["supervisor.startProcess"]}],
    }
    for name, each in several.items():
        s.note(name, call(d, "system.multicall", each))
    s.note("without an argument", call(d, "system.multicall"))


def of(value, name="supervisor.getProcessInfo"):
    """A call with this value, as XML."""
    return f"<methodCall><methodName>{name}</methodName><params><param>{value}</param></params></methodCall>"


VALUES = {
    "untyped": "<value>x</value>",
    "untyped and empty": "<value></value>",
    "empty element": "<value/>",
    "blanks": "<value>  x </value>",
    "string": "<value><string>x</string></value>",
    "empty string": "<value><string/></value>",
    "cdata": "<value><string><![CDATA[<x>]]></string></value>",
    "references": "<value><string>&#120;&#x79;&amp;&lt;&gt;&quot;&apos;</string></value>",
    "a comment": "<value><string>a<!-- b --></string></value>",
    "base64": "<value><base64>eA==</base64></value>",
    "base64 in lines": "<value><base64>\n eHl6\n enk=\n</base64></value>",
    "i8": "<value><i8>5</i8></value>",
    "unknown type": "<value><colour>red</colour></value>",
    "line ends": "<value>a\r\nb\rc</value>",
    "not ASCII": "<value>é☃🐑</value>",
}
PIECES = {
    "int": "<value><int>1</int></value>",
    "i4": "<value><i4>1</i4></value>",
    "with blanks": "<value><int> 1 </int></value>",
    "with a sign": "<value><int>+1</int></value>",
    "with underscores": "<value><int>1_0</int></value>",
    "huge": "<value><int>99999999999</int></value>",
    "double": "<value><double>1.5</double></value>",
    "boolean": "<value><boolean>1</boolean></value>",
    "boolean in a word": "<value><boolean>true</boolean></value>",
    "text": "<value>1</value>",
}


@table(VALUES)
def value(s, name, xml):
    d = s.started[0] if s.started else s.daemon(ALL)
    s.note(f"value: {name}", post(d, of(xml)))


@table(PIECES)
def number(s, name, xml):
    d = s.started[0] if s.started else s.daemon(ALL)
    two = f"<param><value>pair:a</value></param><param>{xml}</param><param><value><int>0</int></value></param>"
    body = f"<methodCall><methodName>supervisor.tailProcessLog</methodName><params>{two}</params></methodCall>"
    s.note(f"number: {name}", post(d, body))


MALFORMED = {
    "no XML": "hello",
    "JSON": '{"jsonrpc":"2.0","id":1,"method":"supervisor.getState"}',
    "an open element": "<methodCall>",
    "crossed elements": "<methodCall><methodName>a</methodCall></methodName>",
    "an unknown entity": of("<value>&nbsp;</value>"),
    "a control character": of("<value>\x1b[0m</value>"),
    "a bad number": of("<value><int>x</int></value>"),
    "an empty number": of("<value><int/></value>"),
    "a bad double": of("<value><double>x</double></value>"),
    "bad base64": of("<value><base64>abc</base64></value>"),
    "base64 of no text": of("<value><base64>/w==</base64></value>"),
    "a bad date": of("<value><dateTime.iso8601>now</dateTime.iso8601></value>"),
    "an empty array": of("<value><array/></value>"),
    "a member without a value": of("<value><struct><member><name>a</name></member></struct></value>"),
    "an empty param": "<methodCall><methodName>a</methodName><params><param/></params></methodCall>",
    "no name": "<methodCall><params/></methodCall>",
    "an empty name": "<methodCall><methodName></methodName></methodCall>",
    "two roots": "<methodName>a</methodName><methodName>b</methodName>",
    "text behind": "<methodCall/>text",
}


@table(MALFORMED)
def malformed(s, name, body):
    d = s.started[0] if s.started else s.daemon(ALL)
    s.note(f"malformed: {name}", post(d, body))
    if name in ("no XML", "no name"):
        piece = "unmarshallable" if name == "no XML" else "no method name"
        d.until_log(piece)
        lines = [line.split(" ", 2)[2] for line in d.log().splitlines() if f"is invalid: {piece}" in line]
        s.note(f"the log after {name}", "\n".join(lines))


@scenario
def requests(s):
    d = s.daemon(ALL)
    body = "<methodCall><methodName>supervisor.getVersion</methodName></methodCall>"
    for path in ["/RPC2", "/RPC2/", "/RPC2/x?y", "/RPC23", "/%52PC2"]:
        s.note(f"POST {path}", post(d, body, path))
    s.note("HTTP/1.0", post(d, body, version="1.0"))
    s.note("another type", post(d, body, headers="Content-Type: application/json\r\n"))
    s.note("headers in other letters", post(d, body, headers="CONTENT-TYPE: text/xml\r\nuser-agent: x\r\n"))
    for method in ["GET", "PUT", "DELETE"]:
        answer = exchange(d, f"{method} /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        s.note(f"{method} /RPC2", shown(answer))
    answer = exchange(d, "POST /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    s.note("without a length", shown(answer))
    one = f"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    two = f"{one}\r\n{body}{one}Connection: close\r\n\r\n{body}"
    s.note("two on a connection", re.sub(r"^(Server|Date|Connection): .*\r\n", "", exchange(d, two), flags=re.M).lower())
    xml = "<?xml version='1.0' encoding='%s'?>\n" + of("<value>é</value>")
    s.note("utf-8 that is declared", post(d, xml % "utf-8"))
    s.note("utf-8 that is declared as another", post(d, xml % "iso-8859-1"))


@scenario
def a_wait_and_others_meanwhile(s):
    d = s.daemon(BASE + "[program:slow]\ncommand=cat\nautostart=false\nstartsecs=2\n")
    body = xmlrpc.client.dumps(("slow",), "supervisor.startProcess").encode()
    head = f"POST /RPC2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.settimeout(20)
        waiting.connect(str(s.path("s.sock")))
        waiting.sendall(head + body)
        d.until_log("spawned: 'slow'")
        s.note("meanwhile", call(d, "supervisor.getProcessInfo", "slow"))
        pieces = []
        while piece := waiting.recv(65536):
            pieces.append(piece)
    s.note("then", shown(b"".join(pieces).decode()))


@scenario
def during_the_end(s):
    stubborn = "[program:stay]\ncommand=sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'\nstopwaitsecs=4\n"
    d = s.daemon(BASE + stubborn)
    d.until_state("stay", "RUNNING")
    s.note("shutdown", call(d, "supervisor.shutdown"))
    d.until_log("waiting for stay to die")
    calls(s, d, [["supervisor.getState"], ["supervisor.shutdown"], ["supervisor.startProcess", "stay"],
                 ["supervisor.sendRemoteCommEvent", "a", "b"], ["system.methodSignature", "supervisor.getPID"],
                 ["system.multicall", [{"methodName": "supervisor.getPID"}]]])  # fmt: skip


WRONG = {
    "an int as a name": ("supervisor.getProcessInfo", 5),
    "nil as a name": ("supervisor.startProcess", None),
    "a list as a name": ("supervisor.stopProcess", []),
    "a word as an offset": ("supervisor.readLog", "x", 0),
    "a list as a group": ("supervisor.startProcessGroup", ["cat"]),
    "calls that are no structs": ("system.multicall", [5]),
    "no list of calls": ("system.multicall", 5),
}


@table(WRONG)
def of_wrong_type(s, name, params):
    d = s.started[0] if s.started else s.daemon(ALL)
    method, *params = params
    s.note(name, call(d, method, *params))


@scenario
def what_xml_cannot_hold(s):
    for name, text in [("paint", r"\033[31mred"), ("bytes", r"\377x")]:
        s.write(f"{name}.sh", f"printf '{text}'\n")
    programs = "[program:{0}]\ncommand=sh {dir}/{0}.sh\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/{0}.log\n"
    d = s.daemon(
        BASE + "[program:large]\ncommand=cat\nautostart=false\nstdout_logfile_maxbytes=4GB\n"
        + programs.replace("{0}", "paint") + programs.replace("{0}", "bytes")
    )
    d.until_state("paint", "EXITED")
    d.until_state("bytes", "EXITED")
    s.note("colours in a log", call(d, "supervisor.readProcessStdoutLog", "paint", 0, 0))
    s.note("the end of a log with colours", call(d, "supervisor.tailProcessStdoutLog", "paint", 0, 100))
    s.note("a log that is not UTF-8", call(d, "supervisor.readProcessStdoutLog", "bytes", 0, 0))
    s.note("a size beyond 32 bits", call(d, "supervisor.getAllConfigInfo"))


@scenario
def what_is_refused_here_alone(s):
    d = s.daemon(ALL)
    bomb = '<!DOCTYPE x [<!ENTITY a "cat">]>' + of("<value>&a;</value>")
    s.note("a document type", post(d, bomb))
    deep = "<value><array><data>" * 200 + "</data></array></value>" * 200
    s.note("200 lists in one another", post(d, of(deep)))


@scenario
def our_own_methods_beside_supervisors(s):
    d = s.daemon(ALL)
    s.note("listMethods", call(d, "system.listMethods"))
    s.note("methodHelp", call(d, "system.methodHelp", "supervisor.getPID"))
