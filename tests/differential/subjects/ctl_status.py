"""`supervisorctl status`, `pid`, `version` and `avail`: names, groups, columns and exit statuses."""

from scenario import scenario
from side import BASE

CONF = BASE + """
[program:cat]
command=cat
[program:manual]
command=cat
autostart=false
[program:done]
command=true
startsecs=0
autorestart=false
[program:broken]
command=/nonexistent/x
startretries=0
[program:a_rather_long_name_for_a_program]
command=cat
autostart=false
priority=5
[group:pair]
programs=one,two
priority=50
[program:one]
command=cat
priority=3
[program:two]
command=cat
autostart=false
"""


@scenario
def names(s):
    d = s.daemon(CONF)
    for name, state in [("cat", "RUNNING"), ("done", "EXITED"), ("broken", "FATAL"), ("pair:one", "RUNNING")]:
        d.until_state(name, state)
    d.ctls(
        "status",
        "status cat",
        "status all",
        "status nope",
        "status nope:*",
        "status nope:nope",
        "status pair",
        "status pair:*",
        "status pair:one",
        "status pair:nope",
        "status pair:one cat manual",
        "status cat cat",
        "status cat nope manual",
        "status nope all",
        "status done",
        "status broken",
        "status a_rather_long_name_for_a_program",
        "status cat:cat",
        "status cat:*",
        "status *",
        "status one",
        "status :",
        "status pair:",
        "status :one",
        "pid",
        "pid cat",
        "pid cat pair:one",
        "pid manual",
        "pid all",
        "pid nope",
        "pid pair:*",
        "pid pair",
        "pid cat nope",
        "pid nope all",
        "version",
        "version x",
        "avail",
        "avail x",
    )
