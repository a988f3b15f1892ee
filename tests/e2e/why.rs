//! `why` and `history`: who did what to a process, and what it said before it ended.

use crate::harness::http::Server;
use crate::harness::{Herd, free_port, reference, until};
use serde_json::{Value, json};

/// The only entry of a document of one process.
#[track_caller]
fn only(herd: &Herd, words: &str) -> Value {
    let said = herd.ctl(words);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{words}: {said:?}");
    let document: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let entries = document.as_array().unwrap_or_else(|| panic!("an array: {said:?}"));
    assert_eq!(entries.len(), 1, "{said:?}");
    entries[0].clone()
}

fn uid() -> u32 {
    nix::unistd::getuid().as_raw()
}

/// The text of `why` with its moments, pids and spans as `T`, `N` and `S`.
fn timeless(text: &str) -> String {
    let mut shown = String::new();
    for line in text.lines() {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            let is_time = word.len() == 12 && word.as_bytes()[2] == b':' && word.as_bytes()[8] == b'.';
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            match word {
                _ if is_time => words.push("T".to_owned()),
                "ms" | "s" | "s," | "ms," | "s;" | "ms;"
                    if words.last().is_some_and(|last| last == "N") =>
                {
                    words.pop();
                    words.push(word.replace("ms", "S").replace('s', "S"));
                }
                _ if is_number
                    && words
                        .last()
                        .is_some_and(|last| matches!(last.as_str(), "after" | "in" | "before")) =>
                {
                    words.push("N".to_owned());
                }
                _ => words.push(word.to_owned()),
            }
        }
        shown.push_str(&words.join(" "));
        shown.push('\n');
    }
    shown
}

#[test]
fn a_crash_loop_is_told_with_its_attempts_and_its_last_words() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:broken]\ncommand=sh -c 'echo to stdout; echo first >&2; printf \"no \\033db\" >&2; exit 3'\n\
         autostart=false\nstartretries=20\nstartsecs=9\nrestart_delay=1s\nrestart_factor=50\nrestart_delay_max=50s\n\
         [program:joined]\ncommand=sh -c 'echo one; echo two; exit 4'\nredirect_stderr=true\nstdout_logfile=NONE\n\
         autostart=false\nstartretries=0\n",
    );
    assert_eq!(herd.ctl("start broken").code, 7, "it did not come up");
    herd.wait_status("broken", "BACKOFF");
    until("the second attempt has failed", || {
        let told = only(&herd, "why --json broken");
        (told["state"] == "BACKOFF" && told["headline"].as_str()?.contains("attempt 2 of 21")).then_some(())
    });
    let said = herd.ctl("why broken");
    let pid = only(&herd, "why --json broken")["output"]["pid"].clone();
    let text = timeless(&said.stdout).replace(&format!("pid {pid}"), "pid LAST");
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "broken is BACKOFF: exit status 3 after S, too soon (startsecs=9); attempt 2 of 21 failed, next in S"
        ),
        "{said:?}"
    );
    assert_eq!(
        lines.next(),
        Some("  T  attempt 2 of 21 failed: exit status 3 after S, too soon (startsecs=9) (pid LAST)")
    );
    let first = lines.next().unwrap_or_default();
    assert!(first.starts_with("  T  attempt 1 of 21 failed: exit status 3 after S, too soon"), "{first}");
    let start = lines.next().unwrap_or_default();
    let asked =
        format!("  T  STARTING: asked for: supervisor.startProcess over JSON-RPC by uid {} (pid ", uid());
    assert!(start.starts_with(&asked), "{start}");
    let rest: Vec<&str> = lines.collect();
    assert_eq!(rest, ["  last lines of stderr (pid LAST):", "  | first", "  | no \\u{1b}db"], "{said:?}");

    herd.ctl("start joined");
    herd.wait_status("joined", "FATAL");
    let told = only(&herd, "why --json joined");
    assert_eq!(told["output"]["stream"], "stdout");
    assert_eq!(told["output"]["lines"], json!(["one", "two"]));
    let kinds: Vec<&Value> =
        told["because"].as_array().expect("a chain").iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds, ["startretries", "exit", "asked"]);
    assert_eq!(told["because"][2]["by"]["uid"], uid());
    herd.end();
}

#[test]
fn whoever_stopped_it_is_named_by_every_transport() {
    if reference() {
        return;
    }
    let port = free_port();
    let herd = Herd::start(&format!(
        "[inet_http_server]\nport=127.0.0.1:{port}\nusername=alice\npassword=x\n\
         [program:cat]\ncommand=cat\nstartsecs=0\nautostart=false\n"
    ));
    let by = |word: &str| {
        let told = only(&herd, "why --json cat");
        let last = told["because"].as_array().expect("a chain").last().expect("a reason").clone();
        assert_eq!(last["kind"], "asked", "{word}: {told}");
        last["by"].clone()
    };
    herd.ctl("start cat").is("cat: started\n", 0);
    herd.ctl("stop cat").is("cat: stopped\n", 0);
    let ctl = by("supervisorctl");
    assert_eq!(
        (&ctl["via"], &ctl["what"], &ctl["uid"]),
        (&json!("jsonrpc"), &json!("supervisor.stopProcess"), &json!(uid()))
    );
    assert!(ctl["pid"].as_i64().is_some_and(|pid| pid > 0), "{ctl}");

    assert_eq!(herd.call("supervisor.startProcess", json!(["cat"])), Ok(json!(true)));
    assert_eq!(by("xml-rpc")["via"], "xmlrpc");
    assert_eq!(by("xml-rpc")["pid"], std::process::id(), "the caller is this very process");
    herd.call("supervisor.stopProcessGroup", json!(["cat"])).expect("it stops");
    assert_eq!(by("xml-rpc")["what"], "supervisor.stopProcessGroup");

    // alice:x
    let head = "Authorization: Basic YWxpY2U6eA==\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let answer = Server::Inet(port).send("POST", "/index.html", head, "processname=cat&action=start");
    assert_eq!(answer.status, 303, "{answer:?}");
    let text = Server::Inet(port).send("GET", "/why.html?processname=cat", head, "").body;
    assert!(
        text.contains("cat is RUNNING: pid ")
            && text.contains("asked for: start on the status page by 127.0.0.1:"),
        "{text}"
    );
    let page = by("page");
    assert_eq!(
        (&page["via"], &page["what"], &page["user"]),
        (&json!("page"), &json!("start"), &json!("alice"))
    );
    assert!(page["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1:")), "{page}");
    herd.end();
}

#[test]
fn not_running_has_its_reason() {
    if reference() {
        return;
    }
    let herd = Herd::start(
        "[program:never]\ncommand=cat\nautostart=false\n\
         [program:done]\ncommand=true\nstartsecs=0\nautorestart=unexpected\n\
         [program:hit]\ncommand=cat\nstartsecs=0\nautorestart=false\n\
         [program:deaf]\ncommand=sh -c 'trap \"\" TERM; echo up; while :; do sleep 9; done'\nstartsecs=0\n\
         stopwaitsecs=1\nstopasgroup=false\nkillasgroup=true\nstdout_logfile={dir}/deaf.out\n\
         [group:pair]\nprograms=done,hit\n",
    );
    herd.ctl("why never").is("never is STOPPED: it was never started, and autostart=false\n", 0);
    herd.ctl("history never").is("never\n  nothing happened yet\n", 0);
    herd.wait_status("pair:done", "EXITED");
    let done = timeless(&herd.ctl("why pair:done").stdout);
    assert!(
        done.starts_with("pair:done is EXITED: exit status 0 after S, expected; not started again: autorestart=unexpected\n"),
        "{done}"
    );
    assert!(done.contains("autostart=true, the daemon had come up\n"), "{done}");
    assert!(done.ends_with("  it wrote nothing to its log\n"), "{done}");

    herd.wait_status("pair:hit", "RUNNING");
    herd.ctl("signal USR1 pair:hit").is("pair:hit: signalled\n", 0);
    herd.wait_status("pair:hit", "EXITED");
    let hit = herd.ctl("why pair:hit").stdout;
    let sent =
        format!("SIGUSR1 was sent before: supervisor.signalProcess over JSON-RPC by uid {} (pid ", uid());
    assert!(hit.contains("terminated by SIGUSR1 after ") && hit.contains(&sent), "{hit}");

    herd.wait_file("deaf.out", "up");
    herd.ctl("stop deaf").is("deaf: stopped\n", 0);
    let deaf = herd.ctl("why deaf").stdout;
    assert!(
        deaf.contains("terminated by SIGKILL after ") && deaf.contains("; SIGKILL was sent "),
        "{deaf}"
    );

    let both = herd.ctl("why pair:* nope nope:*");
    assert_eq!(both.code, 1, "{both:?}");
    let heads: Vec<&str> =
        both.stdout.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    assert!(heads[0].starts_with("pair:done is ") && heads[1].starts_with("pair:hit is "), "{heads:?}");
    assert_eq!(heads[2..], ["nope: ERROR (no such process)", "nope: ERROR (no such group)"]);
    assert_eq!(
        herd.ctl("why all")
            .stdout
            .lines()
            .filter(|line| line.contains(" is ") && !line.starts_with(' '))
            .count(),
        4
    );
    let told = "pair: ERROR (no such process)\n";
    for line in
        ["why pair", "history pair", "disable pair", "enable pair", "restart --rolling pair", "hup pair"]
    {
        let refused = herd.ctl(line);
        assert_eq!((&*refused.stdout, refused.code), (told, 1), "{line}: {refused:?}");
        assert_eq!(refused.stderr, "pair is a group; pair:* names its processes\n", "{line}: {refused:?}");
    }
    for line in ["graph pair", "wait pair", "status --check pair"] {
        let refused = herd.ctl(line);
        assert!(refused.stdout.starts_with("pair: ERROR (no such process"), "{line}: {refused:?}");
        assert_eq!(refused.stderr, "pair is a group; pair:* names its processes\n", "{line}: {refused:?}");
    }
    // neither a name that nobody has, nor a process alone in a group of its own name
    assert_eq!((&*herd.ctl("why nope").stderr, herd.ctl("why deaf").code), ("", 0));
    assert_eq!(herd.ctl("why").code, 2);
    assert_eq!(herd.ctl("history --since yesterday never").code, 2);
    herd.end();
}

#[test]
fn a_history_outlives_a_bug_of_the_daemon() {
    if reference() {
        return;
    }
    let herd = Herd::of("[program:cat]\ncommand=cat\nstartsecs=0\nautorestart=true\n")
        .setting("fault_injection=true")
        .start();
    herd.wait_status("cat", "RUNNING");
    let pid = herd.pid("cat");
    crate::harness::signal(pid, "KILL");
    until("another process", || (herd.pid("cat") != pid && herd.pid("cat") > 0).then_some(()));
    herd.wait_status("cat", "RUNNING");
    let before = only(&herd, "history --json cat");
    for path in ["root/group:cat/program:cat", "root/group:cat", "root/bus"] {
        herd.call("tree.crash", json!({"path": path, "how": "panic"})).expect("it is struck");
    }
    herd.wait_anywhere("root/group:cat ended by an internal error");
    until("it is driven again", || herd.ctl("stop cat").stdout.contains("cat: stopped").then_some(()));
    let after = only(&herd, "history --json cat");
    let entries = |told: &Value| told["entries"].as_array().cloned().expect("entries");
    assert_eq!(entries(&after)[..5], entries(&before)[..], "nothing is lost");
    let causes: Vec<Value> = entries(&after).iter().map(|entry| entry["cause"]["kind"].clone()).collect();
    assert_eq!(causes, ["autostart", "startsecs", "exit", "autorestart", "startsecs", "asked", "exit"]);

    let text = herd.ctl("history cat").stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 8, "{text}");
    assert!(
        lines[3].contains("RUNNING -> EXITED") && lines[3].contains("terminated by SIGKILL after "),
        "{text}"
    );
    assert!(lines[3].contains(&format!("{pid}  terminated")), "{text}");
    assert_eq!(herd.ctl("history -n 2 cat").stdout.lines().count(), 3);
    let seq = entries(&after)[4]["seq"].clone();
    assert_eq!(herd.ctl(&format!("history --since {seq} cat")).stdout.lines().count(), 3);
    assert_eq!(herd.ctl("history --since 1h cat").stdout, text);
    herd.end();
}

#[test]
fn the_sender_of_a_signal_to_the_daemon_is_named() {
    if reference() {
        return;
    }
    let mut herd = Herd::start(
        "[program:deaf]\ncommand=sh -c 'trap \"\" TERM; echo up; while :; do sleep 9; done'\nstartsecs=0\n\
         stopwaitsecs=60\nkillasgroup=true\nstdout_logfile={dir}/deaf.out\n",
    );
    herd.wait_file("deaf.out", "up");
    let pid = herd.pid("deaf");
    herd.signal("TERM");
    herd.wait("received SIGTERM indicating exit request");
    let told = until("it is being stopped", || {
        let told = only(&herd, "why --json deaf");
        (told["state"] == "STOPPING").then_some(told)
    });
    let why = &told["because"][0];
    assert_eq!(
        (&why["kind"], &why["by"]["via"], &why["by"]["what"]),
        (&json!("shutdown"), &json!("signal"), &json!("SIGTERM"))
    );
    if cfg!(feature = "portable") {
        assert_eq!(why["by"]["uid"], json!(null), "a handler is not told whose they are");
    } else {
        assert_eq!(why["by"]["uid"], uid());
        assert!(why["by"]["pid"].as_i64().is_some_and(|pid| pid > 0), "{why}");
    }
    assert!(
        told["headline"].as_str().is_some_and(|text| text.contains("told to end, SIGKILL follows in ")),
        "{told}"
    );
    crate::harness::signal(-pid, "KILL"); // and what it runs
    herd.wait_end();
    herd.assert_nothing_left();
}

#[test]
fn what_went_wrong_before_in_another_program_is_told_and_what_is_waited_for() {
    if reference() {
        return;
    }
    let herd = Herd::of(
        "[program:db]\ncommand=cat\nstartsecs=0\nhealth=exec:test -e {dir}/good\nhealth_interval=100ms\n\
         health_failures=1\nhealth_action=none\n\
         [program:web]\ncommand=sh -c 'while test -e {dir}/go; do sleep 0.05; done; echo no db >&2; exit 1'\n\
         startsecs=0\nautorestart=false\nrequires=db\n\
         [program:late]\ncommand=cat\nautostart=true\nrequires=never\n\
         [program:never]\ncommand=sh -c 'test -e {dir}/key && exec cat'\nautostart=false\nstartretries=0\n",
    )
    .file("good", "")
    .file("go", "")
    .start();
    herd.wait_status("web", "RUNNING");
    until("db is healthy", || herd.ctl("history db").stdout.contains("  healthy ").then_some(()));
    std::fs::remove_file(herd.path("good")).expect("it is there");
    until("db is not", || herd.ctl("history db").stdout.contains("  unhealthy ").then_some(()));
    std::fs::remove_file(herd.path("go")).expect("it is there");
    herd.wait_status("web", "EXITED");
    let told = only(&herd, "why --json web");
    let chain = told["because"].as_array().expect("a chain");
    assert_eq!(
        (&chain[0]["kind"], &chain[1]["kind"], &chain[1]["ref"]["name"]),
        (&json!("exit"), &json!("before"), &json!("db")),
        "{told}"
    );
    let text = chain[1]["text"].as_str().expect("a text");
    assert!(text.contains("s before that, db became unhealthy: "), "{text}");
    let db = only(&herd, "history --json db");
    let entries = db["entries"].as_array().expect("entries");
    assert!(
        entries.iter().any(|entry| entry["seq"] == chain[1]["seq"] && entry["became"] == "unhealthy"),
        "{db}"
    );
    assert_eq!(told["output"]["lines"], json!(["no db"]));

    herd.wait_status("never", "FATAL");
    let late = herd.ctl("why late").stdout;
    let lines: Vec<&str> = late.lines().collect();
    assert!(lines[0].starts_with("late is WAITING: it is spawned once this is there: never"), "{late}");
    assert!(
        lines[1].trim_start().starts_with("waits for never, which is FATAL: exit status 1 after "),
        "{late}"
    );
    assert!(lines[2].contains("  FATAL: given up after 1 failed attempt"), "{late}");
    herd.put("key", "");
    herd.ctl("start never").is("never: started\n", 0);
    herd.wait_status("late", "RUNNING");
    let late = only(&herd, "why --json late");
    let freed = late["because"].as_array().expect("a chain").iter().find(|row| row["kind"] == "requires");
    assert!(
        freed.is_some_and(|row| row["text"].as_str().is_some_and(|text| text.contains("never is there"))),
        "{late}"
    );
    herd.end();
}
