//! Templates: a value is part of one word, whatever is in it.

#[path = "common/process.rs"]
mod process;

use process::process;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use treeherd_domain::command::split;
use treeherd_domain::spec::ProcessSpec;
use treeherd_domain::template::{ArgError, PatternError, TemplateSpec, check, is_name, mark};

fn template(command: &str) -> TemplateSpec {
    let command = command.replace("{queue}", &mark("queue")).replace("{host}", &mark("host"));
    let environment = [("QUEUE".to_owned(), format!("<{}>", mark("queue")))].into();
    let process = Arc::new(ProcessSpec { command, environment, ..process("x") });
    TemplateSpec { process, args: vec!["host".to_owned(), "queue".to_owned()], max_children: 3 }
}

fn args(queue: &str, host: &str) -> BTreeMap<String, String> {
    [("queue", queue), ("host", host)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[test]
fn the_attackers_first_try_is_one_word() {
    let bad = "a' \"b\" ; rm -rf / && $(reboot) `x` \\ %(here)s {host} * ~ #";
    for pattern in
        ["/w --queue={queue} {host}", "/w '--queue={queue}' \"{host}\"", "/w \"--queue={queue}\" {host}"]
    {
        let instance = template(pattern).instance(7, &args(bad, "h")).unwrap();
        let words = split(&instance.command).unwrap();
        assert_eq!(words, ["/w", &format!("--queue={bad}"), "h"], "{pattern}");
        assert_eq!(instance.environment["QUEUE"], format!("<{bad}>"));
        assert_eq!(instance.name.as_str(), "7");
    }
}

#[test]
fn an_empty_value_is_an_empty_word() {
    let instance = template("/w {queue} {host}").instance(1, &args("", "")).unwrap();
    assert_eq!(split(&instance.command).unwrap(), ["/w", "", ""]);
}

#[test]
fn values_are_not_looked_at_again() {
    let instance = template("/w {queue} {host}").instance(1, &args("%(arg_host)s", "h")).unwrap();
    assert_eq!(split(&instance.command).unwrap(), ["/w", "%(arg_host)s", "h"]);
    let marked = template("/w {queue} {host}").instance(1, &args(&mark("host"), "h"));
    assert_eq!(marked, Err(ArgError::Control("queue".to_owned())));
}

#[test]
fn arguments_are_those_of_the_template() {
    let template = template("/w {queue} {host}");
    let mut one = args("q", "h");
    one.remove("host");
    assert_eq!(template.instance(1, &one), Err(ArgError::Missing("host".to_owned())));
    one.extend([("host".to_owned(), "h".to_owned()), ("user".to_owned(), "root".to_owned())]);
    let unknown = template.instance(1, &one).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no argument user; the template has: host, queue");
    for bad in ["a\nb", "a\0b", "\u{1b}[2J"] {
        let error = template.instance(1, &args(bad, "h")).unwrap_err();
        assert_eq!(error, ArgError::Control("queue".to_owned()), "{bad:?}");
    }
    let long = "x".repeat(4097);
    assert_eq!(template.instance(1, &args(&long, "h")), Err(ArgError::Long("queue".to_owned())));
}

#[test]
fn arguments_choose_neither_programs_nor_scripts() {
    let checked = |pattern: &str| check(&pattern.replace("{queue}", &mark("queue")));
    let program = Err(PatternError::Program("%(arg_queue)s".to_owned()));
    let script = Err(PatternError::Script("%(arg_queue)s".to_owned()));
    for (pattern, expected) in [
        ("/w {queue}", Ok(())),
        ("{queue} x", program.clone()),
        ("/opt/{queue}/w", program),
        ("/bin/sh -c 'work {queue}'", script.clone()),
        ("bash -ec \"work '{queue}'\"", script.clone()),
        ("env A=1 nice sh -e -c 'work {queue}'", script.clone()),
        ("busybox sh -c {queue}", script.clone()),
        ("/usr/bin/python3.12 -c 'import {queue}'", script.clone()),
        ("perl -ne 'print {queue}' file", script),
        ("python3 -m worker {queue}", Ok(())),
        ("/bin/sh -c 'work \"$1\"' sh {queue}", Ok(())),
        ("/bin/sh script {queue}", Ok(())),
        ("open 'quote {queue}", Ok(())),
    ] {
        assert_eq!(checked(pattern), expected, "{pattern}");
    }
}

#[test]
fn names_are_words() {
    for (name, good) in
        [("queue", true), ("_q1", true), ("", false), ("1q", false), ("a-b", false), ("ä", false)]
    {
        assert_eq!(is_name(name), good, "{name}");
    }
}

proptest! {
    #[test]
    fn every_value_stays_one_word(queue in "[^\\p{Cc}\u{E000}\u{E001}]{0,40}", host in "[ '\"\\\\$;&|<>()*?#~`!-]{0,12}") {
        let instance = template("/w --queue={queue} 'in {host} quotes' {host}").instance(1, &args(&queue, &host)).unwrap();
        let words = split(&instance.command).unwrap();
        prop_assert_eq!(words, vec!["/w".to_owned(), format!("--queue={queue}"), format!("in {host} quotes"), host]);
    }
}
