//! What operators ask for, for good, where its file cannot be written for the moment.

use crate::herd::{Herd, with};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use treeherd_domain::status::ProcessState;

const PROGRAMS: &str =
    "[program:web]\ncommand=/bin/cat\nstartsecs=0\n[program:db]\ncommand=/bin/cat\nstartsecs=0\n";

async fn disable(herd: &Herd, name: &str) -> Result<Value, Value> {
    herd.call("process.disable", json!({"selector": name})).await
}

async fn disabled(herd: &Herd) -> Vec<bool> {
    let list = herd.call("process.list", json!({})).await.unwrap();
    list["items"].as_array().unwrap().iter().map(|item| item["disabled"] == true).collect()
}

#[test]
fn a_file_system_that_does_not_answer_is_told_in_time_and_holds_up_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let hung = place.path().join("hung");
    fs::create_dir(&hung).unwrap();
    with(&format!("state_file={}/state\n{PROGRAMS}", hung.display()), async |herd| {
        // to open it is to wait for somebody at its other end
        fs::remove_dir(&hung).unwrap();
        assert!(Command::new("mkfifo").arg(&hung).status().unwrap().success());
        let meanwhile = async {
            herd.state("web", ProcessState::Running).await;
            herd.call("process.restart", json!({"selector": "web"})).await.unwrap();
        };
        let (web, db, ()) = tokio::join!(disable(herd, "web"), disable(herd, "db"), meanwhile);
        for told in [web, db] {
            let told = told.unwrap_err()["message"].as_str().unwrap().to_owned();
            let state = format!("FAILED: {} was not written within 20s; ", hung.join("state").display());
            assert!(told.starts_with(&state) && told.contains("nothing is changed"), "{told}");
        }
        assert_eq!((disabled(herd).await, herd.status("web").incarnation), (vec![false, false], 2));
        // it answers, and is mended
        let _end = fs::OpenOptions::new().read(true).write(true).open(&hung).unwrap();
        fs::rename(&hung, place.path().join("before")).unwrap();
        fs::create_dir(&hung).unwrap();
        disable(herd, "db").await.unwrap();
        assert_eq!(disabled(herd).await, [true, false]);
        let kept = fs::read_to_string(hung.join("state")).unwrap();
        assert!(kept.contains("\ndisabled db:db ") && !kept.contains("web"), "{kept}");
    });
}
