//! `requires` on a live herd: what clients see of it, old ones and ours. Supervisor reads over the keys.

use crate::harness::{Herd, reference};

/// `job` ends once there is a file `go`; `web` requires that.
fn programs() -> String {
    "[program:job]\ncommand=/bin/sh -c 'until [ -e go ]; do sleep 0.02; done'\nstartsecs=0\nautorestart=false\n\
     directory=%(here)s\n\
     [program:db]\ncommand=/bin/cat\nstartsecs=0\nautostart=false\n\
     [program:web]\ncommand=/bin/cat\nstartsecs=0\nrequires=job:exited(0), db, extra?\nrequires_restart=none\n\
     [program:extra]\ncommand=/bin/cat\nstartsecs=0\nautostart=false\n"
        .to_owned()
}

#[test]
fn a_file_with_requirements_is_read_by_both() {
    let herd = Herd::start(
        "[program:db]\ncommand=/bin/cat\nstartsecs=0\n\
         [program:web]\ncommand=/bin/cat\nstartsecs=0\nrequires=db:ready?, db\nrequires_restart=restart\n\
         [group:g]\nprograms=one\nrequires=web\nrequires_restart=stop\n[program:one]\ncommand=/bin/cat\nstartsecs=0\n\
         [probe:mysql]\ncheck=tcp:localhost:1\n",
    );
    for name in ["db", "web", "one"] {
        herd.wait_anywhere(&format!("success: {name}"));
    }
    herd.end();
}

#[test]
fn who_waits_is_shown_and_the_graph_tells_for_what() {
    if reference() {
        return;
    }
    let herd = Herd::start(&programs());
    herd.wait_anywhere("success: db");
    herd.ctl("status web").is("web                              WAITING(job)\n", 0);
    let graph = herd.ctl("graph web");
    let lines: Vec<String> =
        graph.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "web WAITING(job)",
            "|-- job:exited(0) RUNNING, missing",
            "|-- db:ready RUNNING",
            "`-- extra:ready? STOPPED, missing"
        ]
    );
    let status = herd.ctl("status --json web");
    assert!(status.stdout.contains("\"WAITING\"") && status.stdout.contains("waits for job"), "{status:?}");
    herd.ctl("graph nobody").is("nobody: ERROR (no such process or group)\n", 1);
    let dot = herd.ctl("graph --dot");
    assert!(
        dot.stdout.contains("\"web\" -> \"extra\" [label=\"ready\", style=dashed, color=red];"),
        "{dot:?}"
    );
    herd.ctl("start --no-deps web").is("web: started\n", 0);
    herd.end();
}

#[test]
fn the_graph_of_a_file_needs_no_daemon_and_a_circle_is_told() {
    if reference() {
        return;
    }
    let herd = Herd::start(&programs());
    let configured = herd.ctl("graph --configured web");
    assert_eq!(configured.stdout, "web\n|-- job:exited(0)\n|-- db:ready\n`-- extra:ready?\n");
    herd.end();
}
