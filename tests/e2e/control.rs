//! supervisorctl's actions on a live herd: what each says and with which status it ends.
//!
//! Wrong arguments, help and a daemon that is not there are in `control_usage`.

use crate::harness::{Herd, Said, free_port, program, run};
use std::process::Command;

/// `cat` alone, `g:b` and `g:a` in a group, all running.
const HERD: &str = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n\
     [program:a]\ncommand=/bin/cat\nstartsecs=0\n[program:b]\ncommand=/bin/cat\nstartsecs=0\n\
     [group:g]\nprograms=b,a\n";

fn running() -> Herd {
    let herd = Herd::start(HERD);
    for name in ["cat", "a", "b"] {
        herd.wait_anywhere(&format!("success: {name} "));
    }
    herd
}

/// The lines in the order of the alphabet: processes of a group come to rest in any order.
fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// Asserts output and status of a row of calls; the lines of one call in any order.
#[track_caller]
fn check(herd: &Herd, rows: &[(&str, &str, i32)]) {
    for (words, stdout, code) in rows {
        let said = herd.ctl(words);
        let found = (sorted(&said.stdout), said.code);
        assert_eq!(found, (sorted(stdout), *code), "{words}: {said:?}");
    }
}

#[test]
fn status_shows_a_line_for_each_process_in_the_order_of_names() {
    let herd = running();
    let [cat, a, b] = ["cat", "g:a", "g:b"].map(|name| herd.pid(name));
    let without_uptime = |said: &Said| -> String {
        said.stdout
            .lines()
            .map(|line| format!("{}\n", line.split(", uptime 0:00:").next().unwrap_or(line)))
            .collect()
    };
    let line = |name: &str, pid| format!("{name:<33}RUNNING   pid {pid}\n");
    let all = herd.ctl("status");
    assert_eq!(without_uptime(&all), line("cat", cat) + &line("g:a", a) + &line("g:b", b));
    assert_eq!(all.code, 0);
    let group = herd.ctl("status g:*");
    assert_eq!(without_uptime(&group), line("g:a", a) + &line("g:b", b));
    let typed = herd.ctl("status g:b cat");
    assert_eq!(without_uptime(&typed), line("g:b", b) + &line("cat", cat));
    herd.ctl("status nope").is("nope: ERROR (no such process)\n", 4);
    herd.ctl("status nope:*").is("nope: ERROR (no such group)\n", 4);
    let mixed = herd.ctl("status cat nope");
    assert!(
        mixed.stdout.starts_with("nope: ERROR (no such process)\ncat ") && mixed.code == 4,
        "{mixed:?}"
    );
    herd.ctl("stop g:a").is("g:a: stopped\n", 0);
    assert_eq!(herd.ctl("status").code, 3, "a stopped process is told by the exit status");
    assert_eq!(herd.ctl("status cat").code, 0);
    herd.end();
}

#[test]
fn the_column_of_names_grows_with_the_longest() {
    let name = "n".repeat(40);
    let herd = Herd::start(&format!(
        "[program:{name}]\ncommand=/bin/cat\nautostart=false\n[program:s]\ncommand=/bin/cat\nautostart=false\n"
    ));
    herd.ctl("status")
        .is(&format!("{name}   STOPPED   Not started\n{:<43}STOPPED   Not started\n", "s"), 3);
    herd.end();
}

#[test]
fn start_stop_and_restart_take_one_several_a_group_or_all() {
    let herd = running();
    check(
        &herd,
        &[
            ("start cat", "cat: ERROR (already started)\n", 0),
            ("stop cat", "cat: stopped\n", 0),
            ("stop cat", "cat: ERROR (not running)\n", 0),
            ("start cat", "cat: started\n", 0),
            ("restart cat", "cat: stopped\ncat: started\n", 0),
            ("stop g:*", "g:a: stopped\ng:b: stopped\n", 0),
            ("start g:*", "g:a: started\ng:b: started\n", 0),
            ("restart g:*", "g:a: stopped\ng:b: stopped\ng:a: started\ng:b: started\n", 0),
            ("stop cat g:a", "cat: stopped\ng:a: stopped\n", 0),
            ("start g:a cat", "cat: started\ng:a: started\n", 0),
            ("restart g:b cat", "cat: stopped\ng:b: stopped\ncat: started\ng:b: started\n", 0),
            ("stop all", "cat: stopped\ng:a: stopped\ng:b: stopped\n", 0),
            ("stop all", "", 0),
            ("start all", "cat: started\ng:a: started\ng:b: started\n", 0),
            (
                "restart all",
                "cat: stopped\ng:a: stopped\ng:b: stopped\ncat: started\ng:a: started\ng:b: started\n",
                0,
            ),
            ("start nope", "nope: ERROR (no such process)\n", 1),
            ("start a", "a: ERROR (no such process)\n", 1),
            ("start g:nope", "g:nope: ERROR (no such process)\n", 1),
            ("start nope:*", "nope: ERROR (no such group)\n", 2),
            ("stop nope", "nope: ERROR (no such process)\n", 1),
            ("stop nope:*", "nope: ERROR (no such group)\n", 1),
            ("restart nope", "nope: ERROR (no such process)\nnope: ERROR (no such process)\n", 1),
            ("stop nope cat", "nope: ERROR (no such process)\ncat: stopped\n", 1),
        ],
    );
    herd.end();
}

#[test]
fn several_names_are_taken_in_the_order_typed() {
    let herd = running();
    herd.ctl("stop g:b cat g:a").is("g:b: stopped\ncat: stopped\ng:a: stopped\n", 0);
    herd.ctl("start cat g:a g:b").is("cat: started\ng:a: started\ng:b: started\n", 0);
    herd.end();
}

#[test]
fn signal_reaches_what_runs_and_changes_no_state() {
    let herd = Herd::start(
        "[program:trap]\ncommand=/bin/sh -c 'trap \"echo got usr1\" USR1; echo set; while sleep 0.05; do :; done'\nstartsecs=0\nstdout_logfile={dir}/trap.log\n\
         [program:off]\ncommand=/bin/cat\nautostart=false\n",
    );
    herd.wait_file("trap.log", "set\n");
    let pid = herd.pid("trap");
    check(
        &herd,
        &[
            ("signal USR1 trap", "trap: signalled\n", 0),
            ("signal 10 trap", "trap: signalled\n", 0),
            ("signal SIGUSR1 trap", "trap: signalled\n", 0),
            ("signal USR1 trap:*", "trap: signalled\n", 0),
            ("signal USR1 all", "trap: signalled\n", 0),
            ("signal BOGUS trap", "trap: ERROR (bad signal name)\n", 1),
            ("signal USR1 off", "off: ERROR (not running)\n", 7),
            ("signal USR1 nope", "nope: ERROR (no such process)\n", 1),
            ("signal USR1 nope:*", "nope: ERROR (no such group)\n", 1),
        ],
    );
    herd.wait_file("trap.log", "got usr1\n");
    assert_eq!(herd.pid("trap"), pid);
    herd.end();
}

#[test]
fn pid_tells_the_daemons_and_the_processes() {
    let herd = running();
    herd.ctl("pid").is(&format!("{}\n", herd.daemon()), 0);
    let cat = herd.spawned("cat");
    herd.ctl("pid cat").is(&format!("{cat}\n"), 0);
    herd.ctl("pid nope").is("No such process nope\n", 1);
    herd.ctl("stop g:a").is("g:a: stopped\n", 0);
    herd.ctl("pid g:a").is("0\n", 7);
    herd.ctl("pid all").is(&format!("{cat}\n0\n{}\n", herd.spawned("b")), 0);
    herd.end();
}

#[test]
fn avail_lists_what_is_configured() {
    let herd = Herd::start(
        "[program:auto]\ncommand=/bin/cat\npriority=5\nstartsecs=0\n\
         [program:hand]\ncommand=/bin/cat\nautostart=false\n[group:grp]\nprograms=hand\npriority=50\n",
    );
    herd.ctl("avail").is(
        "auto                             in use    auto      5:5\n\
         grp:hand                         in use    manual    50:999\n",
        0,
    );
    herd.configure(
        &[],
        "[program:auto]\ncommand=/bin/cat\npriority=5\nstartsecs=0\n[program:newone]\ncommand=/bin/cat\n",
    );
    herd.ctl("reread").is("grp: disappeared\nnewone: available\n", 0);
    herd.ctl("avail").is(
        "auto                             in use    auto      5:5\n\
         newone                           avail     auto      999:999\n",
        0,
    );
    herd.end();
}

#[test]
fn version_is_one_that_clients_of_supervisor_can_read() {
    let herd = running();
    let said = herd.ctl("version");
    let numbers =
        said.stdout.trim().split('.').filter(|part| part.bytes().all(|b| b.is_ascii_digit())).count();
    assert!(said.code == 0 && numbers >= 2, "{said:?}");
    herd.end();
}

#[test]
fn shutdown_ends_the_daemon_and_is_refused_when_there_is_none() {
    let mut herd = running();
    herd.ctl("shutdown").is("Shut down\n", 0);
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
    let url = format!("unix://{}", herd.path("s.sock").display());
    herd.ctl("shutdown").is(&format!("ERROR: {url} no such file (already shut down?)\n"), 1);
    herd.ctl("status").is(&format!("{url} no such file\n"), 4);
    herd.ctl("start cat").is(&format!("{url} no such file\n"), 7);
}

#[test]
fn actions_go_over_tcp_with_user_and_password_too() {
    let port = free_port();
    let herd = Herd::start(&format!(
        "{HERD}[inet_http_server]\nport=127.0.0.1:{port}\nusername=me\npassword=s3cret\n"
    ));
    let url = format!("http://127.0.0.1:{port}");
    herd.put("ctl.conf", "[supervisorctl]\n");
    let with = |password: &str, words: &str| {
        let mut command = Command::new(program("supervisorctl"));
        command.arg("-c").arg(herd.path("ctl.conf")).args(["-s", &url, "-u", "me", "-p", password]);
        run(command.args(words.split(' ')), "")
    };
    with("s3cret", "pid").is(&format!("{}\n", herd.daemon()), 0);
    let refused = with("wrong", "pid");
    assert!(
        refused.stdout.contains("Server requires authentication\n") && refused.code == 1,
        "{refused:?}"
    );
    herd.end();
}

#[test]
fn the_shell_runs_a_line_at_a_time_and_ends_with_status_zero() {
    let herd = running();
    let said = run(
        &mut herd.ctl_command(),
        "stop cat\n\nbogus\npid cat\nhelp pid\nstart cat\nstop cat; start cat\nquit\n",
    );
    let text = said.stdout.replace("supervisor> ", "");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("cat                              RUNNING   pid "), "{text}");
    assert!(lines[2].starts_with("g:b                              RUNNING   pid "), "{text}");
    assert_eq!(
        lines[3..],
        [
            "cat: stopped",
            "*** Unknown syntax: bogus",
            "0",
            "pid\t\t\tGet the PID of supervisord.",
            "pid <name>\t\tGet the PID of a single child process by name.",
            "pid all\t\t\tGet the PID of every child process, one per line.",
            "cat: started",
            "cat;: ERROR (no such process)",
            "start: ERROR (no such process)",
            "cat: stopped",
            "",
        ],
        "{text}"
    );
    assert_eq!(said.code, 0);
    let said = run(&mut herd.ctl_command(), "");
    assert_eq!(said.code, 0, "the end of input leaves the shell: {said:?}");
    herd.end();
}

#[test]
fn the_shell_asks_before_it_shuts_the_daemon_down() {
    let mut herd = running();
    let said = run(&mut herd.ctl_command(), "shutdown\nn\npid\nquit\n");
    assert!(said.stdout.contains(&format!("{}\n", herd.daemon())), "{said:?}");
    assert!(!said.stdout.contains("Shut down"), "{said:?}");
    let said = run(&mut herd.ctl_command(), "shutdown\ny\nquit\n");
    assert!(said.stdout.contains("Shut down"), "{said:?}");
    assert_eq!(herd.wait_end().code(), Some(0));
    herd.assert_nothing_left();
}
