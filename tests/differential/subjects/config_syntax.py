"""The dialect: files that cannot be read as one, and includes and expansions that fail."""

from scenario import scenario, table

SUPERVISORD = "[supervisord]\n"
PROGRAM = SUPERVISORD + "[program:a]\n"

SYNTAX = {
    "a line before any section": "x=1\n",
    "a comment and a line before any section": "# c\n\n  x=1\n",
    "a line without an end before any section": "x=1",
    "a word": SUPERVISORD + "garbage\n",
    "a word without an end": SUPERVISORD + "garbage",
    "two words": SUPERVISORD + "garbage\nx=1\nanother bad\n",
    "an empty key": SUPERVISORD + "=1\n",
    "an empty key with a colon": SUPERVISORD + ": 1\n",
    "an empty header": SUPERVISORD + "[]\n",
    "an empty header first": "[]\nx=1\n",
    "a header without an end first": "[supervisord\n",
    "quotes in a bad line": SUPERVISORD + "it's \"bad\"\n",
    "one quote in a bad line": SUPERVISORD + "it's bad\n",
    "a tab and a backslash in a bad line": SUPERVISORD + "a\tb\\c\n",
    "control characters in a bad line": b"[supervisord]\nbad \x01\x1b[0m\x7f\n",
    "letters beyond ASCII in a bad line": SUPERVISORD + "schl\u00e4cht \u20ac \U0001f600 \u00ad \u200b\n",
    "a bad line of CRLF": b"[supervisord]\r\ngarbage\r\n",
    "a bad line of CR": b"[supervisord]\ngar\rbage\n",
    "a form feed in a bad line": b"[supervisord]\nbad\x0cline\n",
    "bytes that are no UTF-8": b"[supervisord]\nidentifier=\xff\n",
    "bytes that are no UTF-8 in a comment": b"[supervisord]\n# \xff\nminfds=x\n",
    "a bad line of bytes that are no UTF-8": b"[supervisord]\nbad \xe9\n",
    "an indented bad line": SUPERVISORD + "   bad\n",
    "a bad line after a value": SUPERVISORD + "minfds=10\nbad\n",
    "a bad line in the tenth line": SUPERVISORD + "\n" * 8 + "bad\n",
    "a bad line in the hundredth line": SUPERVISORD + "\n" * 98 + "bad\n",
    "bad lines of two widths": SUPERVISORD + "bad\n" + "\n" * 8 + "bad\n",
    "a byte order mark": b"\xef\xbb\xbf[supervisord]\n",
    "a byte order mark and a comment": b"\xef\xbb\xbf# c\n[supervisord]\n",
    "a section of a comment": "#[supervisord]\n",
    "a header behind a comment": ";[supervisord]\n[program:a]\n",
    "a key without a value": SUPERVISORD + "nodaemon\n",
    "a bad line that is a comment behind": SUPERVISORD + "bad ; comment\n",
    "a continuation without a key": SUPERVISORD + "  more\n",
    "a continuation as a value": SUPERVISORD + "minfds=1\n  2\n",
    "a value of two lines in quotes": SUPERVISORD + "loglevel=de'\n  bug\n",
    "a value with a backslash": SUPERVISORD + "loglevel=de\\bug\n",
    "a value with letters beyond ASCII": SUPERVISORD + "loglevel=d\u00e9bug\n",
    "a value with both quotes": SUPERVISORD + "loglevel=\"it's\"\n",
    "a value with a tab": SUPERVISORD + "loglevel=de\tbug\n",
    "an inline comment with a semicolon": SUPERVISORD + "loglevel=zip ; comment\n",
    "an inline comment with a number sign": SUPERVISORD + "loglevel=zip # comment\n",
    "an inline comment without a blank": SUPERVISORD + "loglevel=info;comment\n",
    "an inline number sign without a blank": SUPERVISORD + "loglevel=info#comment\n",
    "an inline comment behind a tab": SUPERVISORD + "loglevel=zip\t;comment\n",
    "two inline comments": SUPERVISORD + "loglevel=zip ; a # b\n",
    "a repeated key": SUPERVISORD + "loglevel=info\nloglevel=zip\n",
    "a repeated section": SUPERVISORD + "loglevel=info\n[x]\n[supervisord]\nloglevel=zip\n",
    "a key in capitals": SUPERVISORD + "LogLevel=zip\n",
    "a key with a colon": SUPERVISORD + "loglevel: zip\n",
    "a key with both": SUPERVISORD + "loglevel:=zip\n",
    "a key with blanks around": SUPERVISORD + "loglevel   =    zip   \n",
    "DEFAULT": "[DEFAULT]\nloglevel=zip\n[supervisord]\n",
    "DEFAULT behind": "[supervisord]\n[DEFAULT]\nloglevel=zip\n",
    "text behind a header": "[supervisord] junk\nloglevel=zip\n",
    "a comment behind a header": "[supervisord] ; c\nloglevel=zip\n",
    "an indented header": "   [supervisord]\n   loglevel=zip\n",
    "brackets in a header": "[supervisord]\n[program:b]c]\nstartsecs=1\n",
    "blank lines in a value": SUPERVISORD + "loglevel=a\n\n\n  b\n\n[x]\n",
    "a comment in a value": SUPERVISORD + "loglevel=a\n  # c\n  b\n",
    "a value that begins on the next line": SUPERVISORD + "loglevel=\n  zip\n",
    "no end of the last line": SUPERVISORD + "loglevel=zip",
    "CRLF": b"[supervisord]\r\nloglevel=zip\r\n",
    "a value of CR": b"[supervisord]\nloglevel=a\rb\n",
    "a vertical tab in a value": b"[supervisord]\nloglevel=a\x0bb\n",
    "a next line character in a value": "[supervisord]\nloglevel=a\u0085b\u2028c\n",
    "a no-break space around a value": "[supervisord]\nloglevel=\u00a0zip\u00a0\n",
}


@table(SYNTAX)
def syntax(s, name, conf):
    s.refuse(name, conf)


FORMATS = {
    "an unknown name": "command=%(nope)s",
    "an unknown name of two": "command=%(program_name)s %(nope)s",
    "an unknown environment variable": "command=%(ENV_NOPE)s",
    "no type": "command=%(program_name)",
    "no end of the name": "command=%(program_name",
    "an unknown type": "command=%(program_name)b",
    "another unknown type": "command=echo %(program_name)y",
    "a letter beyond ASCII as type": "command=%(program_name)\u00e9",
    "a percent at the end": "command=50%",
    "a percent and a blank": "command=50% done",
    "a percent and a digit": "command=50%1",
    "a text as a number": "command=%(program_name)d",
    "a text as a float": "command=%(program_name)f",
    "a text as hexadecimal": "command=%(program_name)x",
    "a number beyond characters": "command=%(process_num)c\nnumprocs_start=9999999",
    "a conversion without a name": "command=date +%d",
    "two conversions without a name": "command=date +%d%d",
    "a width from arguments": "command=%(process_num)*d",
    "a width from a text": "command=%(program_name)*d",
    "a width without a name": "command=%*d",
    "a precision from arguments": "command=%(process_num).*d",
    "an empty name": "command=%()s",
    "parentheses in a name": "command=%(a(b)c)s",
    "here in another key": "startsecs=%(process_num)s\ncommand=cat",
    "process_num in priority": "priority=%(process_num)s\ncommand=cat",
    "group_name in priority": "priority=%(group_name)s\ncommand=cat",
    "environment": "environment=A=%(nope)s\ncommand=cat",
    "environment, badly": "environment=A=%(here)\ncommand=cat",
    "process_name": "process_name=%(nope)s\ncommand=cat",
    "process_name, badly": "process_name=%(program_name)y\ncommand=cat",
    "directory": "directory=%(nope)s\ncommand=cat",
    "stdout_logfile": "stdout_logfile=%(nope)s\ncommand=cat",
    "stderr_logfile": "stderr_logfile=%(nope)s\ncommand=cat",
    "stdout_logfile, badly": "stdout_logfile=/tmp/%(program_name)y\ncommand=cat",
    "autostart": "autostart=%(nope)s\ncommand=cat",
    "user": "user=%(nope)s\ncommand=cat",
    "umask": "umask=%(nope)s\ncommand=cat",
    "stopsignal": "stopsignal=%(nope)s\ncommand=cat",
    "exitcodes": "exitcodes=%(nope)s\ncommand=cat",
    "serverurl": "serverurl=%(nope)s\ncommand=cat",
    "numprocs": "numprocs=%(nope)s\ncommand=cat",
    "stdout_logfile_maxbytes": "stdout_logfile_maxbytes=%(nope)s\ncommand=cat",
    "quotes in the value": "command=it's \"%(nope)s\"",
    "lines in the value": "command=a\n  %(nope)s",
}


@table(FORMATS)
def expansion(s, name, lines):
    s.refuse(name, PROGRAM + lines + "\n")


FORMATS_OF_SUPERVISORD = {
    "an unknown name": "logfile=%(nope)s",
    "program_name": "logfile=%(program_name)s",
    "host_node_name": "logfile=%(host_node_name)s",
    "minfds": "minfds=%(nope)s",
    "badly": "logfile=%(here)",
    "identifier": "identifier=%(nope)s",
    "environment": "environment=A=%(nope)s",
    "an unknown type": "pidfile=%(here)y",
}


@table(FORMATS_OF_SUPERVISORD)
def expansion_of_supervisord(s, name, lines):
    s.refuse(name, SUPERVISORD + lines + "\n")


ENVIRONMENTS = [
    "A", "A=", "A=,B=2", "=1", "A=1,B", "A=1,,B=2", "A=x=y", "A=foo@bar", "A=a,b", "A=`x`", "A=1 2 3", 'A="x', "A='x",
    "A=1;B", "A=${B}", ",A=1", "A B", "A=1,B=x*y", "A=#x",
]  # fmt: skip


@table({f"environment={value}": value for value in ENVIRONMENTS})
def environment(s, name, value):
    s.refuse(name, PROGRAM + f"command=cat\nenvironment={value}\n")


@table({f"environment={value}": value for value in ENVIRONMENTS[:5]})
def environment_of_supervisord(s, name, value):
    s.refuse(name, SUPERVISORD + f"environment={value}\n")


INCLUDES = {
    "no files": (SUPERVISORD + "[include]\n", {}),
    "no files but another key": (SUPERVISORD + "[include]\nfile=x\n", {}),
    "a bad line in it": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": "[program:a]\nbad\n"}),
    "no section in it": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": "command=cat\n"}),
    "a bad value in it": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": "[program:a]\ncommand=cat\nstartsecs=x\n"}),
    "a bad value in a directory": (SUPERVISORD + "[include]\nfiles=d/*.conf\n", {"d/i.conf": "[program:a]\n"}),
    "a bad value of supervisord in it": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": "[supervisord]\nminfds=x\n"}),
    "an unknown name": (SUPERVISORD + "[include]\nfiles=%(nope)s\n", {}),
    "badly formatted": (SUPERVISORD + "[include]\nfiles=%(here)\n", {}),
    "an unknown name in it": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": "[program:a]\ncommand=%(x)s\n"}),
    "the last of two files wins": (
        SUPERVISORD + "[include]\nfiles=b.conf a.conf\n",
        {"a.conf": "[supervisord]\nloglevel=zipa\n", "b.conf": "[supervisord]\nloglevel=zipb\n"},
    ),
    "the last of a pattern wins": (
        SUPERVISORD + "[include]\nfiles=?.conf\n",
        {"a.conf": "[supervisord]\nloglevel=zipa\n", "b.conf": "[supervisord]\nloglevel=zipb\n"},
    ),
    "a class of letters": (SUPERVISORD + "[include]\nfiles=[a-c].conf\n", {"b.conf": "[supervisord]\nloglevel=zip\n"}),
    "two lines of files": (SUPERVISORD + "[include]\nfiles=a.conf\n b.conf\n", {"b.conf": "[supervisord]\nloglevel=zip\n"}),
    "an absolute pattern": (SUPERVISORD + "[include]\nfiles={dir}/*.inc\n", {"b.inc": "[supervisord]\nloglevel=zip\n"}),
    "here in files": (SUPERVISORD + "[include]\nfiles=%(here)s/*.inc\n", {"b.inc": "[supervisord]\nloglevel=zip\n"}),
    "here in an included file": (SUPERVISORD + "[include]\nfiles=d/*.inc\n", {"d/b.inc": "[supervisord]\nloglevel=%(here)s\n"}),
    "here anywhere in the main file": ("[supervisord]\n[include]\nfiles=x\n[inet_http_server]\nport=%(here)s\n", {}),
    "a program twice": (
        SUPERVISORD + "[program:a]\ncommand=cat\n[include]\nfiles=i.conf\n",
        {"i.conf": "[program:a]\nstartsecs=x\n"},
    ),
    "a file of CRLF": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": b"[program:a]\r\nbad\r\n"}),
    "a file that is no UTF-8": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": b"[program:a]\n# \xe9t\xe9\n"}),
    "a file with a byte order mark": (SUPERVISORD + "[include]\nfiles=i.conf\n", {"i.conf": b"\xef\xbb\xbf[program:a]\n"}),
    "a section that only an included file has": ("[include]\nfiles=i.conf\n", {"i.conf": "[supervisord]\nminfds=x\n"}),
    "no section at all": ("[include]\nfiles=i.conf\n", {"i.conf": "[program:a]\ncommand=cat\n"}),
    "a hidden file": (SUPERVISORD + "minfds=x\n[include]\nfiles=*.inc\n", {".b.inc": "bad"}),
}  # fmt: skip


@table(INCLUDES)
def include(s, name, row):
    conf, files = row
    for path, text in files.items():
        s.write(path, s.fill(text))
    s.refuse(name, conf)
    for path in files:
        s.path(path).unlink()


@scenario
def files(s):
    for name, argument in [
        ("a file that does not exist", "none.conf"),
        ("an empty name", ""),
        ("a directory", "."),
        ("a path through a file", "s.conf/x"),
    ]:
        s.write("s.conf", SUPERVISORD)
        s.run(["supervisord", "-n", "-c", argument], name, deadline=5)
