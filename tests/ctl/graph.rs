//! `graph` as text and for Graphviz: what is drawn, and that Graphviz's language is kept.

use crate::fake::Script;
use expect_test::expect;
use serde_json::json;
use treeherd::ctl::graph::{dot, tree};
use treeherd_rpc::wire::GraphInfo;

fn info() -> GraphInfo {
    let edge = |on: &str, processes: &[&str], met: bool| json!({"on": on, "condition": "ready", "processes": processes, "met": met, "missing": (!met).then_some("x: FATAL")});
    serde_json::from_value(json!({"seq": 1, "items": [
        {"name": "db", "view": "RUNNING", "requiresRestart": "none"},
        {"name": "shop:a", "view": "RUNNING", "requiresRestart": "none", "requires": [edge("db", &["db"], true)]},
        {"name": "shop:b", "view": "FATAL", "requiresRestart": "none", "requires": [edge("db", &["db"], true)]},
        {"name": "web", "view": "WAITING(shop:b: FATAL)", "requiresRestart": "none", "requires": [
            edge("shop:*", &["shop:a", "shop:b"], false),
            {"on": "probe:m\"ysql", "soft": true, "met": true},
        ]},
        {"name": "top", "view": "WAITING(web)", "requiresRestart": "none", "requires": [
            edge("web", &["web"], false), edge("shop:a", &["shop:a"], true),
        ]},
        {"name": "other", "view": "RUNNING", "requiresRestart": "none"},
    ]}))
    .unwrap()
}

#[test]
fn the_tree_goes_from_those_that_nobody_requires_downwards() {
    expect![[r#"
        top                       WAITING(web)
        |-- web:ready             WAITING(shop:b: FATAL), missing
        |   |-- shop:*:ready      missing: x: FATAL
        |   |   |-- shop:a        RUNNING
        |   |   |   `-- db:ready  RUNNING
        |   |   `-- shop:b        FATAL
        |   |       `-- db:ready  RUNNING
        |   `-- probe:m"ysql?     there
        `-- shop:a:ready          RUNNING
            `-- ...               as above
        1 process requires nothing, and nobody requires it.
    "#]]
    .assert_eq(&tree(&info()));
    expect![[r#""#]].assert_eq(&tree(&GraphInfo::default()));
}

/// The statements of a graph in Graphviz's language; anything else than its strings, names and signs is refused.
fn statements(text: &str) -> Vec<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            c if c.is_whitespace() => c.len_utf8(),
            '"' => {
                let mut escaped = false;
                let end = rest[1..].char_indices().find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                });
                let end = end.expect("a string ends").0 + 2;
                assert!(!rest[..end].contains('\n'), "no line feed stands in a string");
                end
            }
            '-' => {
                assert!(rest.starts_with("->"), "an arrow");
                2
            }
            '{' | '}' | '[' | ']' | ';' | '=' | ',' => 1,
            c if c.is_ascii_alphabetic() => rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap(),
            c => panic!("{c:?} means nothing there"),
        };
        let word = rest[..taken].trim();
        words.extend((!word.is_empty()).then(|| word.to_owned()));
        rest = &rest[taken..];
    }
    assert_eq!(words[..3], ["digraph", "requires", "{"]);
    assert_eq!(words.last().map(String::as_str), Some("}"));
    let body = &words[3..words.len() - 1];
    assert_eq!(body.last().map(String::as_str), Some(";"));
    body.split(|word| word == ";")
        .filter(|statement| !statement.is_empty())
        .map(<[String]>::to_vec)
        .collect()
}

#[test]
fn what_is_for_graphviz_is_in_its_language() {
    let statements = statements(&dot(&info()));
    let arrows: Vec<&Vec<String>> = statements.iter().filter(|statement| statement[1] == "->").collect();
    let ends: Vec<(&str, &str)> = arrows.iter().map(|a| (a[0].as_str(), a[2].as_str())).collect();
    assert_eq!(
        ends,
        [
            ("\"shop:a\"", "\"db\""),
            ("\"shop:b\"", "\"db\""),
            ("\"web\"", "\"shop:a\""),
            ("\"web\"", "\"shop:b\""),
            ("\"web\"", "\"probe:m\\\"ysql\""),
            ("\"top\"", "\"web\""),
            ("\"top\"", "\"shop:a\""),
        ]
    );
    assert!(arrows[2].contains(&"red".to_owned()) && !arrows[0].contains(&"red".to_owned()));
    assert!(arrows[4].contains(&"dashed".to_owned()));
    let nodes = statements.iter().filter(|statement| statement[0].starts_with('"') && statement[1] == "[");
    assert_eq!(nodes.count(), 6);
}

#[test]
fn no_deps_is_asked_for_by_each_word() {
    let fake = Script::new()
        .on("process.start", |params| {
            let name = params["selector"].as_str().or(params["selector"][0].as_str()).unwrap_or_default();
            let rows = json!([{"name": name, "group": name, "ok": params["noDeps"] == true}]);
            Ok(json!({"state": "done", "total": 1, "done": 1, "rows": rows}))
        })
        .serve();
    let ended = fake.run(&["start", "--no-deps", "web", "db"]);
    assert_eq!((ended.out.as_str(), ended.code), ("web: started\ndb: started\n", Some(0)));
    assert!(fake.calls().iter().all(|call| call.contains("\"noDeps\":true")), "{:?}", fake.calls());
}

#[test]
fn two_outputs_at_once_are_refused_and_nobody_is_asked() {
    let fake = Script::new().serve();
    for words in [&["graph", "--dot", "--json"][..], &["graph", "--configured", "--json", "--dot"]] {
        let ended = fake.run(words);
        assert!(ended.out.starts_with("Error: conflicting command line option '--json'\n"), "{words:?}");
        assert_eq!(ended.code, Some(2), "{words:?}");
    }
    assert!(fake.calls().is_empty());
}
