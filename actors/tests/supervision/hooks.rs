//! A bug in the actor of a program while a hook runs: the hook goes on, is not run twice, and nothing hangs.

use crate::herd::with;
use treeherd_domain::status::ProcessState;

/// Notes that it runs, then waits for a file.
fn gated(name: &str) -> String {
    format!(
        "/bin/sh -c 'echo {name} >> %(here)s/ran; while ! test -e %(here)s/{name}.go; do sleep 0.02; done'"
    )
}

#[test]
fn a_pre_start_outlives_the_actor_and_is_run_once() {
    let web = format!("[program:web]\ncommand=/bin/cat\nstartsecs=0\npre_start={}\n", gated("begin"));
    with(&web, async |herd| {
        herd.until("the hook runs", || herd.path("ran").exists() && herd.read("ran") == "begin\n").await;
        herd.crash("root/group:web/program:web", "panic").await;
        herd.state("web", ProcessState::Starting).await;
        std::fs::write(herd.path("begin.go"), "").unwrap();
        herd.state("web", ProcessState::Running).await;
        assert_eq!(herd.read("ran"), "begin\n");
        assert_eq!(herd.status("web").incarnation, 1);
    });
}

#[test]
fn a_pre_stop_outlives_the_actor_and_is_run_once() {
    let web = format!("[program:web]\ncommand=/bin/cat\nstartsecs=0\npre_stop={}\n", gated("drain"));
    with(&web, async |herd| {
        herd.state("web", ProcessState::Running).await;
        let stop = herd.call("supervisor.stopProcess", serde_json::json!(["web", false])).await;
        assert_eq!(stop, Ok(serde_json::json!(true)));
        herd.until("the hook runs", || herd.path("ran").exists() && herd.read("ran") == "drain\n").await;
        herd.crash("root/group:web/program:web", "panic").await;
        herd.state("web", ProcessState::Stopping).await;
        std::fs::write(herd.path("drain.go"), "").unwrap();
        herd.state("web", ProcessState::Stopped).await;
        assert_eq!(herd.read("ran"), "drain\n");
    });
}
