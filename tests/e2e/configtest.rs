//! A configuration checked without a daemon: by supervisord with its options, by supervisorctl on any file.
//!
//! Ours alone: the reference has no such command, so these tests are left out when it is under test.

use crate::harness::{Herd, Plan, Said, program, reference, run};
use std::process::Command;

const GOOD: &str = "[include]\nfiles = conf.d/*.conf none/*.ini\n\
     [program:a]\ncommand=/bin/cat\nnumprocs=3\nprocess_name=%(process_num)d\n[program:b]\ncommand=/bin/cat\n\
     [group:g]\nprograms=a,b\n";

fn good() -> Plan {
    Herd::of(GOOD).file("conf.d/c.conf", "[program:c]\ncommand=/bin/cat\n")
}

/// Two files with three errors between them.
fn bad() -> Plan {
    let text =
        "[include]\nfiles = conf.d/*.conf\n[program:a]\ncommand=/bin/cat\nstartsecs=soon\n[program:b]\n";
    Herd::of(text).file("conf.d/c.conf", "[program:c]\ncommand=/bin/cat\nstopsignal=FOO\n")
}

/// supervisord with the plan's file and these options.
fn supervisord(plan: &Plan, options: &[&str]) -> Said {
    run(&mut plan.command(options), "")
}

/// supervisorctl in the plan's directory.
fn supervisorctl(plan: &Plan, words: &[&str]) -> Said {
    plan.write();
    run(Command::new(program("supervisorctl")).args(words).current_dir(plan.dir()), "")
}

/// The names in the plan's directory.
fn listed(plan: &Plan) -> Vec<String> {
    let entries = std::fs::read_dir(plan.dir()).expect("the directory is ours");
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_sound_file_is_told_in_one_line_and_nothing_is_touched() {
    if reference() {
        return;
    }
    let plan = good();
    let file = plan.write().display().to_string();
    let line = format!("{file}: OK (3 programs, 5 processes, 2 groups, 2 files read, 1 warning)\n");
    let said = supervisord(&plan, &["--configtest"]);
    said.is(&line, 0);
    let pattern = plan.dir().join("none/*.ini");
    assert_eq!(said.stderr, format!("warning: No file matches via include \"{}\"\n", pattern.display()));
    assert_eq!(listed(&plan), ["conf.d", "supervisord.conf"]);
    supervisorctl(&plan, &["configtest", &file]).is(&line, 0);
    supervisorctl(&plan, &["-c", &file, "configtest"]).is(&line, 0);
    // the search: supervisord.conf in the current directory, shown as it was found
    supervisorctl(&plan, &["configtest"]).is(&line.replace(&file, "supervisord.conf"), 0);
    supervisorctl(&plan, &["configtest supervisord.conf"]).is(&line.replace(&file, "supervisord.conf"), 0);
}

#[test]
fn all_errors_of_all_files_are_told_at_once() {
    if reference() {
        return;
    }
    let plan = bad();
    let file = plan.write().display().to_string();
    for said in [supervisord(&plan, &["--configtest"]), supervisorctl(&plan, &["configtest", &file])] {
        assert_eq!((said.stdout.as_str(), said.code), ("", 2), "{said:?}");
        for piece in [
            "Error: invalid literal for int() with base 10: 'soon' in section 'program:a'",
            "startsecs=soon",
            "          ^^^^",
            "program section program:b does not specify a command",
            "conf.d/c.conf:3",
            "value 'FOO' is not a valid signal name in section 'program:c'",
        ] {
            assert!(said.stderr.contains(piece), "no {piece:?}: {said:?}");
        }
    }
}

#[test]
fn a_syntax_error_of_the_main_file_does_not_hide_those_of_its_includes() {
    if reference() {
        return;
    }
    let text = "stray=1\n[supervisord]\nnonsense\n[include]\nfiles=*.ini\n";
    let plan = Herd::exactly(text).file("x.ini", "[program:x]\nmore nonsense\n");
    let said = supervisord(&plan, &["--configtest"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.starts_with("Error: File contains no section headers.\nfile: '"), "{said:?}");
    for piece in ["[line  3]: 'nonsense\\n'", "x.ini:2", "[line  2]: 'more nonsense\\n'"] {
        assert!(said.stderr.contains(piece), "no {piece:?}: {said:?}");
    }
}

#[test]
fn the_options_of_the_command_line_count() {
    if reference() {
        return;
    }
    // in the background the daemon would be in a directory that has no sub: the log file of the program is there
    let text =
        "[supervisord]\ndirectory={dir}/other\n[program:a]\ncommand=/bin/cat\nstdout_logfile=sub/a.log\n";
    let plan = Herd::exactly(text).file("other/x", "").file("sub/x", "");
    let said = supervisord(&plan, &["--configtest"]);
    assert!(said.code == 2 && said.stderr.contains("sub/a.log does not exist"), "{said:?}");
    supervisord(&plan, &["-n", "--configtest"]).has(": OK (1 program, 1 process, 1 group, 1 file read)", 0);
    let said = supervisord(&plan, &["-n", "--configtest", "-u", "nosuchuser"]);
    assert!(said.code == 2 && said.stderr.starts_with("Error: Invalid user name nosuchuser\n"), "{said:?}");
}

#[test]
fn the_outcome_as_json_has_every_place() {
    if reference() {
        return;
    }
    let parse = |said: &Said| -> serde_json::Value {
        assert_eq!(said.stderr, "");
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    };
    let plan = good();
    let said = supervisord(&plan, &["--json", "--configtest"]);
    let told = parse(&said);
    assert_eq!((said.code, &told["ok"]), (0, &true.into()));
    let counts = ["programs", "processes", "groups"].map(|key| told[key].as_u64());
    assert_eq!(counts, [Some(3), Some(5), Some(2)]);
    assert_eq!(told["files"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["warnings"].as_array().map(Vec::len), Some(1));

    let plan = bad();
    let file = plan.write().display().to_string();
    let said = supervisorctl(&plan, &["configtest", "--json", &file]);
    let told = parse(&said);
    assert_eq!(
        (said.code, &told["ok"], told["errors"].as_array().map(Vec::len)),
        (2, &false.into(), Some(3))
    );
    let place = &told["errors"][0]["places"][0];
    assert_eq!(place["file"], file.as_str());
    assert_eq!(
        (&place["text"], &place["column"], &place["width"]),
        (&"startsecs=soon".into(), &11.into(), &4.into())
    );
    assert_eq!(told["errors"][0]["help"], "write a whole number, such as 10");
}

#[test]
fn what_cannot_be_checked_is_a_usage_error() {
    if reference() {
        return;
    }
    let plan = good();
    let ctl = program("supervisorctl");
    let said = supervisorctl(&plan, &["configtest", "/nope"]);
    said.is_usage_error("could not find config file /nope", &ctl);
    let said = supervisorctl(&plan, &["configtest", "a", "b"]);
    assert!(
        said.stdout.starts_with("Error: configtest takes one file at a time\nconfigtest ")
            && said.code == 2
    );
    let said = supervisorctl(&plan, &["configtest", "--bogus"]);
    assert!(said.stdout.starts_with("Error: option --bogus not recognized\nconfigtest ") && said.code == 2);
    let said = supervisord(&plan, &["--json"]);
    said.is_usage_error("option --json is for --configtest only", &program("supervisord"));
}
