//! `doctor`: traps told without a daemon, and corrected copies that are never written over anything.
//!
//! What each rule finds is tested where the rules are; here is the command. Ours alone: the reference has no such
//! command, so these tests are left out when it is under test.

use crate::harness::{Herd, Plan, Said, program, reference, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const TRAPS: &str = "[program:web]\ncommand = /bin/cat   ; all day\nstdout_logfile = /dev/stdout\nautorestrat = true\n\
     [include]\nfiles = conf.d/*\n";

fn plan() -> Plan {
    Herd::of(TRAPS).setting("user=root").file("conf.d/more.conf", "[program:more]\ncommand=/bin/date +%H\n")
}

/// supervisorctl in the plan's directory, with its file there.
fn doctor(plan: &Plan, words: &[&str]) -> Said {
    run(Command::new(program("supervisorctl")).arg("doctor").args(words).current_dir(plan.dir()), "")
}

fn read(plan: &Plan, name: &str) -> String {
    fs::read_to_string(plan.dir().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn traps_are_told_with_their_places_and_the_worst_decides_the_status() {
    if reference() {
        return;
    }
    let plan = plan();
    let file = plan.write().display().to_string();
    let said = doctor(&plan, &[&file]);
    assert_eq!((said.code, said.stderr.as_str()), (2, ""), "{said:?}");
    for piece in [
        "error: Format string '/bin/date +%H' for 'program:more.command' is badly formatted",
        "warning[device-rolled-over]: [program:web] stdout_logfile=/dev/stdout is rolled over by size",
        "warning[key-unknown]: [program:web] nobody reads autorestrat; autorestart is near",
        "   | ^^^^^^^^^^^",
        "warning[percent-not-doubled]: [program:more] command has a % that begins no variable",
        "conf.d/more.conf:2",
        ": 1 error, 3 warnings, ",
        "; --fix corrects 3 of them\n",
    ] {
        assert!(said.stdout.contains(piece), "no {piece:?}: {}", said.stdout);
    }
}

#[test]
fn the_exit_status_tells_hints_from_warnings() {
    if reference() {
        return;
    }
    let of = |text: &str| {
        let plan = Herd::of(text).setting("user=root");
        plan.write();
        doctor(&plan, &["supervisord.conf"])
    };
    let sound = of("[program:web]\ncommand=/bin/cat\n");
    // the directory of the tests is below /tmp: two logs and two files of the daemon are
    assert!(sound.code == 0 && sound.stdout.contains("0 errors, 0 warnings, "), "{sound:?}");
    let warned = of("[program:web]\ncommand=/bin/cat &\n");
    assert!(warned.code == 1 && warned.stdout.contains("warning[command-in-background]"), "{warned:?}");
    let plan = Herd::of("");
    let said = doctor(&plan, &["/nope.conf"]);
    said.is_usage_error("could not find config file /nope.conf", &program("supervisorctl"));
}

#[test]
fn corrected_copies_stand_beside_and_nothing_is_written_over() {
    if reference() {
        return;
    }
    let plan = plan();
    let file = plan.write();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("the file is ours");
    let original = read(&plan, "supervisord.conf");
    let said = doctor(&plan, &["supervisord.conf", "--fix"]);
    assert!(said.code < 2, "the copies have errors: {said:?}");
    for piece in [
        "supervisord.conf: corrected in ",
        "--- supervisord.conf\n+++ ",
        "\n-autorestrat = true\n+stdout_logfile_maxbytes = 0\n+autorestart = true\n",
        "-command=/bin/date +%H\n+command=/bin/date +%%H\n",
        "supervisord.conf as corrected: 0 errors, 0 warnings, ",
    ] {
        assert!(said.stdout.contains(piece), "no {piece:?}: {}", said.stdout);
    }
    assert_eq!(read(&plan, "supervisord.conf"), original);
    assert_eq!(read(&plan, "conf.d/more.conf"), "[program:more]\ncommand=/bin/date +%H\n");
    let copy = read(&plan, "supervisord.conf.fixed");
    assert!(copy.contains(
        "command = /bin/cat   ; all day\nstdout_logfile = /dev/stdout\nstdout_logfile_maxbytes = 0\n"
    ));
    let mode =
        fs::metadata(plan.dir().join("supervisord.conf.fixed")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // the pattern conf.d/* would catch a copy there that does not hide
    assert_eq!(read(&plan, "conf.d/.more.conf.fixed"), "[program:more]\ncommand=/bin/date +%%H\n");

    // a second time: the first copies stay
    fs::write(plan.dir().join("supervisord.conf.fixed"), "mine\n").expect("the file is ours");
    doctor(&plan, &["--fix", "supervisord.conf"]);
    assert_eq!(read(&plan, "supervisord.conf.fixed"), "mine\n");
    assert_eq!(read(&plan, "supervisord.conf.fixed.1"), copy);

    // and the copies do for a daemon
    fs::rename(plan.dir().join("conf.d/.more.conf.fixed"), plan.dir().join("conf.d/more.conf"))
        .expect("ours");
    let words = ["configtest", "supervisord.conf.fixed.1"];
    let said = run(Command::new(program("supervisorctl")).args(words).current_dir(plan.dir()), "");
    said.has("supervisord.conf.fixed.1: OK (2 programs, 2 processes, 2 groups, ", 0);
}

#[test]
fn of_a_copy_that_cannot_be_written_to_its_end_nothing_is_left() {
    if reference() {
        return;
    }
    let plan = plan();
    plan.write();
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" doctor --fix supervisord.conf"]);
    let said = run(limited.arg(program("supervisorctl")).current_dir(plan.dir()), "");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.contains(".fixed: File too large (os error 27); nothing is changed"), "{said:?}");
    for copy in ["supervisord.conf.fixed", "conf.d/.more.conf.fixed"] {
        assert!(!plan.dir().join(copy).exists(), "{copy} is there");
    }
}

#[test]
fn programs_get_json_and_the_list_of_rules() {
    if reference() {
        return;
    }
    let plan = plan();
    plan.write();
    let said = doctor(&plan, &["--json"]);
    let told: serde_json::Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    let ids: Vec<_> =
        told["findings"].as_array().expect("a list").iter().map(|finding| &finding["id"]).collect();
    assert!(ids.contains(&&"key-unknown".into()), "{ids:?}");
    let typo = told["findings"].as_array().expect("a list").iter().find(|f| f["id"] == "key-unknown");
    let typo = typo.expect("it is there");
    assert_eq!((&typo["fixable"], &typo["places"][0]["column"]), (&true.into(), &1.into()));
    assert_eq!(told["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["files"].as_array().map(Vec::len), Some(2));

    let rules = doctor(&plan, &["--rules"]);
    rules.has("key-twice ", 0);
    assert!(rules.stdout.lines().count() >= 40, "{rules:?}");
    let rules = doctor(&plan, &["--rules", "--json"]);
    let told: serde_json::Value =
        serde_json::from_str(&rules.stdout).unwrap_or_else(|e| panic!("{e}: {rules:?}"));
    assert!(told.as_array().expect("a list").iter().all(|rule| rule["example"]["bad"].is_string()));
    let said = doctor(&plan, &["a", "b"]);
    assert!(said.code == 2 && said.stdout.contains("one file at a time"), "{said:?}");
}
