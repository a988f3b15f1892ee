//! Probes of the world outside: what `probes` shows, and what `why` tells of them.

use crate::harness::{Herd, reference, until};
use serde_json::Value;
use std::net::TcpListener;

#[test]
fn a_probe_is_listed_and_its_turn_is_told_where_a_program_that_requires_it_ends() {
    if reference() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let herd = Herd::start(&format!(
        "[probe:mysql]\ncheck=tcp://127.0.0.1:{port}\ninterval=100ms\nfailures=2\n\
         [probe:idle]\ncheck=exec:true\ninterval=1h\n\
         [program:web]\ncommand=sleep 100\nrequires=probe:mysql\nautorestart=false\nstartsecs=0\n",
    ));
    herd.wait_status("web", "RUNNING");
    let green = herd.ctl("probes mysql");
    assert_eq!((green.code, green.stderr.as_str()), (0, ""), "{green:?}");
    let lines: Vec<&str> = green.stdout.lines().collect();
    assert!(
        lines[0].starts_with(&format!("mysql  green    tcp:127.0.0.1:{port}  since ")),
        "{}",
        green.stdout
    );
    assert_eq!(lines[1..], ["       required by web"], "{}", green.stdout);

    drop(listener);
    let red = until("it is red", || {
        let said = herd.ctl("probes --json probe:mysql");
        let told: Value = serde_json::from_str(&said.stdout).ok()?;
        (told[0]["health"] == "unhealthy").then_some(told)
    });
    assert_eq!(red[0]["name"], "mysql");
    assert_eq!(red[0]["requiredBy"], serde_json::json!(["web"]));
    assert_eq!(red[0]["reason"], format!("tcp 127.0.0.1:{port}: connection refused"));
    assert_eq!(red.as_array().map(Vec::len), Some(1));

    assert_eq!(herd.ctl("signal KILL web").code, 0);
    let told = format!("before that, probe mysql became red: tcp 127.0.0.1:{port}: connection refused\n");
    until("the end is told with the probe", || herd.ctl("why web").stdout.contains(&told).then_some(()));

    let unknown = herd.ctl("probes nosuch");
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, "nosuch: ERROR (no such probe)\n"));
}

#[test]
fn probes_that_changed_are_printed_by_reread_update_and_plan() {
    if reference() {
        return;
    }
    let probe = |name: &str, more: &str| format!("[probe:{name}]\ncheck=exec:true\n{more}\n");
    let cat = "[program:cat]\ncommand=/bin/cat\nstartsecs=0\n";
    let herd = Herd::start(&(cat.to_owned() + &probe("a", "interval=1h") + &probe("b", "interval=1h")));
    herd.wait_status("cat", "RUNNING");
    herd.ctl("reread").is("No config updates to processes\n", 0);
    herd.configure(&[], &(cat.to_owned() + &probe("a", "interval=2h\nfailures=1") + &probe("c", "")));
    let plan = herd.ctl("plan").stdout;
    assert!(
        plan.starts_with(
            "probe a: changed, by reread as well\n  interval: 1h -> 2h (hot)\n  failures: 3 -> 1 (hot)\n"
        ),
        "{plan}"
    );
    herd.ctl("reread").is(
        "No config updates to processes\nprobe:a: changed (interval 1h -> 2h, failures 3 -> 1)\nprobe:b: removed\n\
         probe:c: added\n",
        0,
    );
    // they are as the file says by now
    herd.ctl("update").is("", 0);
    assert_eq!(herd.ctl("probes b").code, 1);
    herd.configure(&[], &probe("a", "interval=2h\nfailures=1"));
    herd.ctl("update").is("probe:c: removed\ncat: stopped\ncat: removed process group\n", 0);
    herd.end();
}
