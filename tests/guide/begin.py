"""From nothing to a daemon that runs: the sample, the abridged file, the places where it is looked for."""

import os

from harness import Site, alive, check, check_until, has, program, until

ABRIDGED = """\
[unix_http_server]
file={dir}/var/supervisor.sock   ; 控制用的 socket 文件
;chmod=0700                 ; 文件权限
;chown=nobody:nogroup       ; 文件属主

;[inet_http_server]         ; 网络上的管理接口
;port=127.0.0.1:9001
;username=user
;password=123

[supervisord]
logfile={dir}/var/supervisord.log ; 主日志
logfile_maxbytes=50MB        ; 轮转大小
logfile_backups=10           ; 备份数量
loglevel=info                ; 日志级别
pidfile={dir}/var/supervisord.pid ; 进程号文件
nodaemon=false               ; 以守护进程方式运行
minfds=1024                  ; 文件描述符下限
minprocs=200                 ; 进程数下限

; 下面这一段不能去掉
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{dir}/var/supervisor.sock ; 与上面的 file 一致
;serverurl=http://127.0.0.1:9001

; 其他配置文件
[include]
files = relative/directory/*.ini    ; 也可以是 *.conf
"""


def leaves_nothing(site, pid, pidfile, sock):
    """After a shutdown: no process, no socket, no pid file."""
    said = site.ctl("shutdown")
    check("shutdown says 'Shut down'", (said.out, said.code), ("Shut down\n", 0))
    check_until("shutdown ends the daemon", lambda: not alive(pid))
    check("shutdown leaves no socket", (site.dir / sock).exists(), False)
    check("shutdown leaves no pid file", (site.dir / pidfile).exists(), False)
    check_until("shutdown leaves no process", lambda: not site.processes(), 3)


def sample():
    """echo_supervisord_conf > file, started as it is but for the directory."""
    with Site(example=False) as site:
        said = site.run(program("echo_supervisord_conf"))
        check("echo_supervisord_conf prints the sample", said.out, has("Sample supervisor config file"))
        check("echo_supervisord_conf ends with status 0", said.code, 0)
        site.write("supervisord.conf", said.out.replace("/tmp/", f"{site.dir}/"))
        said = site.supervisord()
        check("supervisord -c FILE goes to the background with status 0", said.code, 0)
        pid = site.wait_pidfile("supervisord.pid")
        listed = site.run("ps", "aux").out
        line = next((line for line in listed.splitlines() if line.split()[1] == str(pid)), "")
        check("ps aux | grep supervisord finds it", line, has("supervisord"))
        until("the socket", (site.dir / "supervisor.sock").exists)
        check("the socket has mode 0700", oct((site.dir / "supervisor.sock").stat().st_mode & 0o777), "0o700")
        said = site.ctl("status")
        check("status without programs prints nothing, status 0", (said.out, said.code), ("", 0))
        leaves_nothing(site, pid, "supervisord.pid", "supervisor.sock")


def abridged():
    """The abridged file: found without -c in the current directory, with an include by a relative pattern."""
    with Site(example=False) as site:
        site.write("supervisord.conf", ABRIDGED)
        site.write(
            "relative/directory/one.ini",
            "[program:one]\n; 启动命令\ncommand = cat ; 没有参数\nstartsecs = 1\nloglevel = info ; 未知的键被忽略\n"
            "stdout_logfile = {dir}/var/one.log\n",
        )
        said = site.run(program("supervisord"))
        check("supervisord without -c finds ./supervisord.conf", said.code, 0)
        if os.getuid() == 0:
            check("as root it advises -c with an absolute path", said.err, has("-c"))
        pid = site.wait_pidfile()
        said = site.run(program("supervisorctl"), "pid")
        check("supervisorctl without -c finds it too", said.out, f"{pid}\n")
        check_until("the included program runs", lambda: site.state("one") == "RUNNING")
        check("the main log names the included file", site.read("var/supervisord.log"), has("Included extra file"))
        leaves_nothing(site, pid, "var/supervisord.pid", "var/supervisor.sock")
