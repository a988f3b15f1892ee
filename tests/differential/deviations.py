"""Where treeherd differs from Supervisor on purpose: each with its reason and with what both print.

Single comparisons by name (a pattern as in a shell), each with a regular expression that the whole note of either
side matches. One that no longer applies fails the suite: a list like this must not be longer than the truth. What
is different everywhere stands in `general.py`.
"""

import re
from glob import escape as glob
from typing import NamedTuple


class Deviation(NamedTuple):
    """Comparisons that differ on purpose."""

    names: str
    reason: str
    ours: str
    theirs: str

    def holds(self, ours, theirs):
        """Whether both sides print what the list says."""
        return all(
            re.fullmatch(pattern, str(seen), re.S) for pattern, seen in [(self.ours, ours), (self.theirs, theirs)]
        )


RUNS = "exit status still running\n"
EVERYWHERE = "%(here)s is known in every key, whether or not there is an [include]"


def refusal(message):
    """The note of a supervisord that refuses its configuration; the message is a regular expression."""
    return rf"exit status 2\n-- stderr\nError: {message}\nFor help, use <root>/bin/supervisord -h\n"


def each(subject, names, *rest):
    """The same deviation of several comparisons of a scenario."""
    return [Deviation(f"{subject}: {name}", *rest) for name in names]


def options(program, words):
    """The text of -h: its first line, its usage, and a line for each of these options."""
    lines = "".join(rf"(?=.*\n{re.escape(word)}\b)" for word in words.split())
    return rf"(?={lines})exit status 0\n-- stdout\n{program} -- .*Usage: <root>/bin/{program} \[options\].*"


OWN_WORDS = "the same options under the same names, told in words of our own"
SUPERVISORD = (
    "-c/--configuration -n/--nodaemon -s/--silent -h/--help -v/--version -u/--user -m/--umask -d/--directory "
    "-l/--logfile -y/--logfile_maxbytes -z/--logfile_backups -e/--loglevel -j/--pidfile -i/--identifier "
    "-q/--childlogdir -k/--nocleanup -a/--minfds -t/--strip_ansi --minprocs --profile_options"
)
SUPERVISORCTL = (
    "-c/--configuration -h/--help -i/--interactive -s/--serverurl -u/--username -p/--password -r/--history-file"
)

REFUSED_ONCE = "a refusal of the credentials is told once; Supervisor tries again and fails in general as well"
ONCE_AND_TWICE = (
    r"exit status 1\n-- stdout\nServer requires authentication\n",
    r"exit status 1\n-- stdout\nServer requires authentication\n"
    r"error: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>: .*",
)
REFUSED = r"refused: fault 92 CANT_REREAD: "
ELSEWHERE = ["program_name", "group_name", "host_node_name", "process_num", "numprocs", "nope"]
SERVER_KEYS = ["unix_http_server chmod", "unix_http_server chown", "inet_http_server port", "rpcinterface factory"]

HTTP_500 = r"HTTP/1.1 500 Internal Server Error\n.*"


def xml(pattern, status="200 OK"):
    """An answer of XML-RPC, or a refusal, with this in its body."""
    return rf"HTTP/1\.1 {status}\ntext/(xml|html), of its length\n.*{pattern}.*"


DEVIATIONS = [
    Deviation(
        "rpc_methods.credentials: no colon",
        "credentials that make no sense are refused like wrong ones",
        "fault 401 HTTP",
        "fault 500 HTTP",
    ),
    *each(
        "rpc_xml.of_wrong_type",
        ["an int as a name", "nil as a name", "a list as a name", "a word as an offset"],
        "a parameter of a wrong type is a fault",
        xml("INCORRECT_PARAMETERS<"),
        HTTP_500,
    ),
    *each(
        "rpc_xml.of_wrong_type",
        ["calls that are no structs"],
        "a parameter of a wrong type is a fault",
        xml("INCORRECT_PARAMETERS: a call is no struct<"),
        HTTP_500,
    ),
    *each(
        "rpc_xml.what_xml_cannot_hold",
        ["a log that is not UTF-8"],
        "what is not UTF-8 is replaced in logs",
        xml("<string>\ufffdx</string>"),
        HTTP_500,
    ),
    *each(
        "rpc_xml.what_xml_cannot_hold",
        ["colours in a log", "the end of a log with colours"],
        "characters that XML cannot hold are replaced; what Supervisor sends is no XML",
        xml(r"<string>\ufffd\[31mred</string>"),
        xml(r"<string>\x1b\[31mred</string>"),
    ),
    *each(
        "rpc_xml.what_xml_cannot_hold",
        ["a size beyond 32 bits"],
        "a number beyond 32 bits is told as it is",
        xml("<int>4294967296</int>"),
        HTTP_500,
    ),
    *each(
        "rpc_xml.what_is_refused_here_alone",
        ["a document type", "200 lists in one another"],
        "document types are not read, and elements nest 100 deep at most",
        xml("Bad Request", "400 Bad Request"),
        r"HTTP/1.1 (200 OK|500 Internal Server Error)\n.*",
    ),
    *each(
        "rpc_xml.our_own_methods_beside_supervisors",
        ["listMethods"],
        "all methods can be called in either language",
        xml("<string>process.list</string>.*<string>supervisor.addProcessGroup</string>.*"),
        xml("<data>\n<value><string>supervisor.addProcessGroup</string>"),
    ),
    *each(
        "rpc_xml.our_own_methods_beside_supervisors",
        ["methodHelp"],
        "what a method does is told in words of our own",
        xml("The daemon's process id."),
        xml("@return"),
    ),
    *each(
        "rpc_xml.what_the_daemon_tells_of_itself",
        ["getAllConfigInfo"],
        "autorestart is told as by Supervisor's development version, and an automatic log as auto from the start",
        xml("<name>autorestart</name>\n<value><string>unexpected</string>.*<string>auto</string>"),
        xml("<string><dir>/a-stdout---same-<name>.log</string>"),
    ),
    *each(
        "config_chance.formats",
        ["text 49", "text 56"],
        "a conversion without a name is refused; Supervisor puts the whole table of variables in its place",
        REFUSED + r".* is badly formatted: %\w names no variable \(a literal percent sign is written %%\).*",
        r".*'directory': \"/.*'ENV_PATH': '.*",
    ),
    *each(
        "config_places.servers",
        [f"{variable} in {key}" for key in SERVER_KEYS for variable in ELSEWHERE],
        EVERYWHERE,
        REFUSED + r"Format string .*, ENV_TERM, here\n?",
        REFUSED + r"Format string .*, ENV_TERM\n?",
    ),
    *each(
        "config_places.servers",
        [f"here in {key}" for key in SERVER_KEYS],
        EVERYWHERE,
        REFUSED + "(?!Format string).*<dir>!.*",
        REFUSED + r"Format string .*, ENV_TERM\n?",
    ),
    *each(
        "ctl_config.one_key_back",
        ["changed by taking out stdout_logfile", "changed by taking out stderr_logfile"],
        "a log that becomes AUTO is a change; Supervisor takes AUTO for equal to anything",
        r"\[\[\[\], \['p'\], \[\]\]\]",
        r"\[\[\[\], \[\], \[\]\]\]",
    ),
    *each(
        "config_places.daemon",
        ["here in supervisord user", "ENV_LANG in supervisord user"],
        "a user that does not exist is refused when the file is read again, not only at the next start",
        REFUSED + "Invalid user name .*",
        r"\[\]",
    ),
    Deviation(
        "config_places.programs: here in program process_name",
        "a slash in a process name is refused wherever it comes from",
        REFUSED + "Invalid name: 'x-<dir>' because of character: '/' in section 'program:p' .*",
        r".*'name': 'x-<dir>',.*",
    ),
    Deviation(
        "config_places.what_stays: a variable that is gone",
        "variables of an earlier configuration are gone with it",
        REFUSED + r"Format string '/%\(ENV_GLOBAL\)s' .* contains names \('ENV_GLOBAL'\) which cannot be expanded.*",
        r".*'directory': '/x',.*",
    ),
    Deviation(
        "children.child: signals ignored",
        "programs begin with every signal at its default; Python's own ignored SIGPIPE and SIGXFSZ are not passed on",
        r"SigIgn:\t0{16}\n",
        r"SigIgn:\t0{12}1001000|SigIgn:\t0{9}1001000\n",
    ),
    Deviation(
        "daemon.start_order_in_a_group: spawned at the start",
        "priorities of programs count inside a mixed group as well",
        ".*'b' .*'c' .*'a' .*",
        ".*'a' .*'b' .*'c' .*",
    ),
    Deviation(
        "logs.capture: no end",
        "what was captured when the program ended without an end token goes to the log: nothing is lost",
        "x{60}\nnever ended\n",
        "x{60}\n\n",
    ),
    Deviation(
        "logs.capture: short",
        "output that is shorter than a token is not withheld",
        "short\n\n",
        "\n",
    ),
    Deviation(
        "logs.clear: the log of what does not run",
        "clear empties the log of a program that does not run",
        r"\(empty\)\n",
        "old\n",
    ),
    Deviation(
        "logs.clear_of_a_link: the link",
        "what is no regular file is never removed: the file that the link names is emptied",
        "True ''\n",
        "False 'text\\\\n'\n",
    ),
    Deviation(
        "logs.fifo: after clear",
        "what is no regular file is never removed",
        "True\n",
        "False\n",
    ),
    Deviation(
        "config_seen.begins: AUTO without rollover, several",
        "what would be logged for each process of a program is logged once",
        r".*?( WARN For \[program:a\], AUTO [^\n]*\n)(?!.*\1).*",
        r".*?( WARN For \[program:a\], AUTO [^\n]*\n)<time>\1.*",
    ),
    Deviation(
        "config_seen.begins: an include of a directory",
        "a file that cannot be included is told of, not only skipped",
        r".* WARN could not read included file '<dir>/d': Is a directory [^\n]*\n<time> INFO Included extra file .*",
        r"(?!.*could not read).*<time> INFO Included extra file .*",
    ),
    *[
        Deviation(
            f"config_seen.environment: {glob(repr(value))}",
            "environment is read by the rules of POSIX, as in 4.4",
            re.escape(ours) + ".*",
            re.escape(theirs) + ".*",
        )
        for value, ours, theirs in [
            ('A="a\\"b"', 'A=a"b\n', "A=a\\\n"),
            ('A="a\\\\b"', "A=a\\b\n", "A=a\\\\b\n"),
            ("A=a\\b", "A=ab\n", "exit status 2\n-- stderr\nError: Unexpected end of key/value pairs in value 'A=a\\b'"),
            ('A="x"y', "A=xy\n", "A=x\n"),
            ("A='x'y", "A=xy\n", "A=x\n"),
            ("A=\"x\"'y'", "A=xy\n", "A=x\n"),
            ("A=don't", "exit status 2\n-- stderr\nError: No closing quotation in section 'program:show'", "A=don't\n"),
        ]
    ],
    Deviation(
        "config_accepted.texts: two processes of one name",
        "of two processes of one name that one is told that is run",
        r"\[\{'autostart': False,\n  'command': 'x',.*",
        r"\[\{'autostart': False,\n  'command': 'cat',.*'command': 'x',.*",
    ),
    Deviation(
        "config_accepted.values: stdout_logfile=",
        "an empty name is no file, and told so",
        r".*'stdout_logfile': 'none',.*",
        r".*'stdout_logfile': '',.*",
    ),
    *each(
        "config_accepted.values",
        ["stdout_logfile=x.log", "stdout_logfile=%(program_name)s.log"],
        "the paths of logs are made absolute when the file is read",
        r".*'stdout_logfile': '<dir>/\w\.log',.*",
        r".*'stdout_logfile': '\w\.log',.*",
    ),
    Deviation(
        "config_accepted.fields: what is told of a process",
        "autorestart is told as well, as in 4.4",
        r"\[\{'autorestart': 'unexpected',\n  'autostart': False,.*",
        r"\[\{'autostart': False,.*",
    ),
    Deviation(
        "ctl_shell.history: then there is",
        "lines from a pipe are no history, and leave no empty file",
        r"\(none\)",
        r"''",
    ),
    Deviation(
        "servers.over_tcp: as http://me:secret@127.0.0.1:port",
        "credentials in an address are refused; Supervisor takes no notice of them",
        r"exit status 1\n-- stdout\nerror: <class 'ValueError'>, .*: credentials go into username and password; .*",
        r"exit status 0\n-- stdout\n4\.3\.0\n",
    ),
    Deviation(
        "servers.refused: two servers of one port",
        "all servers are opened before anything is said of one",
        r"(?!.*running without any HTTP).*Error: Another program is already listening on a port .*",
        r".*running without any HTTP .*Error: Another program is already listening on a port .*",
    ),
    *each(
        "servers.over_tcp_with_credentials",
        ["wrong: version", "wrong: tail -f nope", "none: version", "none: tail -f nope"],
        REFUSED_ONCE,
        *ONCE_AND_TWICE,
    ),
    *each(
        "ctl_shell.credentials",
        [
            *("none", "none, status", "none, shutdown", "none, reread", "none, tail", "none, maintail -f", "wrong"),
            *("a user alone", "a password alone", "an empty password", "the line before the file", "wrong in the file"),
        ],
        REFUSED_ONCE,
        *ONCE_AND_TWICE,
    ),
    Deviation(
        "ctl_shell.history: the file of the option",
        "-r is obeyed; Supervisor accepts it and reads the file's key alone",
        r"version\nquit\n",
        r"\(none\)",
    ),
    Deviation(
        "ctl_tail.follow: tail -f bytes",
        "what is followed passes through byte for byte",
        r"exit status 0\n-- stdout\n==> Press Ctrl-C to exit <==\na\\xffb\n\n",
        r"exit status 0\n-- stdout\n==> Press Ctrl-C to exit <==\nUndecodable: b'a\\xffb\\n'\n",
    ),
    *each(
        "ctl_tail.tail_of_bytes",
        ["tail bytes", "tail -4 letters"],
        "what is no UTF-8 is replaced; Supervisor answers 500",
        r"exit status 0\n-- stdout\n.*\ufffd.*",
        r"exit status 1\n-- stdout\nerror: <class 'xmlrpc.client.ProtocolError'>, .*: 500 Internal Server Error.*",
    ),
    Deviation(
        "ctl_actions.clear: clear badlog",
        "the log of a process that does not run is cleared as well, and what fails with it is told",
        r"exit status 1\n-- stdout\nbadlog: ERROR \(failed\)\n",
        r"exit status 0\n-- stdout\nbadlog: cleared\n",
    ),
    *each(
        "ctl_actions.other_words",
        ["open http://", "open unix://"],
        "an address without host or path is named, instead of what Python makes of it",
        r"exit status 1\n-- stdout\nerror: <class 'ValueError'>, serverurl \S+ is not an address: .*",
        r"exit status 1\n-- stdout\nerror: <class '(TypeError|OSError)'>, .*",
    ),
    *[
        Deviation(f"command_line.said_at_once: {program} {option}", OWN_WORDS, *[options(program, words)] * 2)
        for program, words in [("supervisord", SUPERVISORD), ("supervisorctl", SUPERVISORCTL)]
        for option in ["-h", "--help", "-[?]", "-c nosuch.conf -h"]
    ],
    *each(
        "command_line.said_at_once",
        ["echo_supervisord_conf", "echo_supervisord_conf -h x"],
        "the sample is our own; it sets what Supervisor's sets",
        r"exit status 0\n-- stdout\n; Sample supervisor config file\..*",
        r"exit status 0\n-- stdout\n; Sample supervisor config file\..*",
    ),
    *each(
        "command_line.said_at_once",
        ["pidproxy", "pidproxy x"],
        "the usage is told in words of our own",
        r"exit status 1\n-- stdout\npidproxy -- .*Usage: <root>/bin/pidproxy <pidfile name> <command> .*",
        r"exit status 1\n-- stdout\npidproxy -- .*Usage: <root>/bin/pidproxy <pidfile name> <command> .*",
    ),
    *each(
        "command_line.supervisorctl_file",
        ["a bad line", "no header"],
        "a syntax error is a usage error, not a traceback",
        r"exit status 2\n-- stderr\nError: .*\nFor help, use <root>/bin/supervisorctl -h\n",
        r"exit status 1\n-- stderr\nTraceback .*\nconfigparser\.\w+: .*",
    ),
    Deviation(
        "command_line.supervisorctl_file: here in the prompt",
        EVERYWHERE,
        r"exit status 2\n-- stderr\nError: Format string '%\(nope\)s' .*, ENV_TERM, here\nFor help.*",
        r"exit status 2\n-- stderr\nError: Format string '%\(nope\)s' .*, ENV_TERM\nFor help.*",
    ),
    *each(
        "command_line.supervisorctl_file",
        ["a bad plugin", "a plugin without a factory"],
        "plugins are Python code; their sections are ignored",
        r"exit status 7\n-- stdout\nunix:///none\.sock no such file\n-- stderr\nsupervisorctl: .*",
        r"exit status 2\n-- stderr\nError: .*\[ctlplugin:x\].*\nFor help, use <root>/bin/supervisorctl -h\n",
    ),
    Deviation(
        "config_refused.group: an unknown second of two",
        "the section is named that has the list, not the program that was found before",
        refusal(r"\[group:g\] names unknown program or fcgi-program b"),
        refusal(r"\[program:a\] names unknown program or fcgi-program b"),
    ),
    Deviation(
        "config_refused.group: a trailing comma",
        "a trailing comma names no program",
        RUNS,
        refusal(r"\[program:a\] names unknown program or fcgi-program "),
    ),
    Deviation(
        "config_refused.server: an expansion of port",
        EVERYWHERE,
        refusal("not a valid port number: '<dir>' "),
        refusal("Format string .* contains names .'here'. which cannot be expanded.*"),
    ),
    Deviation(
        "config_refused.server: an expansion of chmod",
        EVERYWHERE,
        refusal("Invalid chmod value <dir>"),
        refusal("Format string .* contains names .'here'. which cannot be expanded.*"),
    ),
    *each(
        "config_refused.server",
        ["an expansion of username", "rpcinterface with an expansion"],
        EVERYWHERE,
        refusal("Format string .*, ENV_TERM, here"),
        refusal("Format string .*, ENV_TERM"),
    ),
    *each(
        "config_refused.fcgi",
        ["a bare word", "another scheme", "a relative path", "no port", "port of letters", "no host"],
        "the message is formatted; Supervisor shows its template beside the value",
        refusal(r"(Bad socket format \S+|Unix socket path \S+ is not an absolute path) in \[fcgi-program:f\] socket"),
        refusal(r"\('(Bad socket format|Unix socket path) %s.*', '.*'\) in \[fcgi-program:f\] socket"),
    ),
    Deviation(
        "config_syntax.expansion_of_supervisord: environment",
        "[supervisord] environment is expanded once and knows host_node_name, as in 4.4",
        refusal("Format string 'A=%\\(nope\\)s' for 'environment' .*, here, host_node_name"),
        refusal("Format string 'A=%\\(nope\\)s' for 'supervisord.environment' .*, here"),
    ),
    Deviation(
        "config_syntax.syntax: a byte order mark*",
        "a byte order mark is skipped",
        RUNS,
        refusal(r"File contains no section headers.\nfile: 's.conf', line: 1\n'\\ufeff.*'"),
    ),
    Deviation(
        "config_syntax.include: a file with a byte order mark",
        "a byte order mark is skipped",
        refusal("program section program:a does not specify a command.*"),
        refusal(r"File contains no section headers.\nfile: '<dir>/i.conf', line: 1\n'\\ufeff.*'"),
    ),
    Deviation(
        "config_syntax.files: an empty name",
        "an empty file name is refused like any other that cannot be read",
        refusal("could not read config file "),
        "exit status 1\n-- stderr\nTraceback .*AttributeError: 'Dummy' object has no attribute 'nodaemon'\n",
    ),
]
