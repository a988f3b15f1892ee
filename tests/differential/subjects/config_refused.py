"""Configurations that supervisord refuses: its words and its exit status."""

from scenario import table

PROGRAM = "[supervisord]\n[program:a]\ncommand=cat\n"

TYPES = {
    "minfds": "[supervisord]\nminfds=many\n",
    "umask": "[supervisord]\numask=99\n",
    "loglevel": "[supervisord]\nloglevel=zip\n",
    "startsecs": PROGRAM + "startsecs=1.5\n",
    "stopsignal": PROGRAM + "stopsignal=FOO\n",
}


@table(TYPES)
def types(s, name, conf):
    s.refuse(name, conf)
