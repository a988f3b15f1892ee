//! The traits, the table of methods and the document say the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use treeherd_rpc::api::{METHODS, Method};
use treeherd_rpc::code::Kind;

const TRAITS: [(&str, &str); 9] = [
    ("supervisor", include_str!("../src/api/supervisor.rs")),
    ("system", include_str!("../src/api/system.rs")),
    ("process", include_str!("../src/api/process.rs")),
    ("probe", include_str!("../src/api/probe.rs")),
    ("group", include_str!("../src/api/group.rs")),
    ("config", include_str!("../src/api/config.rs")),
    ("log", include_str!("../src/api/log.rs")),
    ("event", include_str!("../src/api/event.rs")),
    ("tree", include_str!("../src/api/tree.rs")),
];

/// One method as a line: every name, then every parameter with `?` if it may be left out.
fn declared(namespace: &str, text: &str) -> Vec<String> {
    let attributes = text.split("#[method(").skip(1).map(|t| (t, false));
    let subscriptions = text.split("#[subscription(").skip(1).map(|t| (t, true));
    attributes.chain(subscriptions).map(|(text, _)| line(namespace, text)).collect()
}

fn line(namespace: &str, text: &str) -> String {
    let attribute = &text[..text.find("async fn").expect("an attribute stands before its function")];
    let quoted = |key: &str| {
        let rest = attribute.split(key).nth(1)?;
        rest.split('"').nth(1)
    };
    let mut names = vec![format!("{namespace}.{}", quoted("name = ").expect("a method has a name"))];
    names.extend(quoted("aliases = ").map(str::to_owned));
    if let Some(end) = quoted("unsubscribe = ") {
        let item = quoted("=> ").expect("items of a subscription have a name");
        names.extend([format!("{namespace}.{item}"), format!("{namespace}.{end}")]);
    }
    let signature = &text[text.find("async fn").expect("found above")..];
    let inside = &signature[signature.find('(').expect("a function has parameters")..];
    let inside = &inside[..inside.find(") ->").expect("a method has a result")];
    let params = inside.split(',').filter(|p| p.contains(':')).map(|param| {
        let (name, kind) = param.split_once(": ").expect("a parameter has a type");
        let name = match param.split_once("rename = \"") {
            Some((_, rest)) => rest.split('"').next().unwrap_or_default(),
            None => name.trim(),
        };
        let is_optional = kind.starts_with("Option<");
        format!("{name}{}", if is_optional { "?" } else { "" })
    });
    format!("{} ({})", names.join(" "), params.collect::<Vec<_>>().join(" "))
}

fn tabled(method: &Method) -> String {
    let mut names: Vec<_> = [Some(method.name), method.alias].into_iter().flatten().collect();
    names.extend(method.subscription.map(|(item, end)| [item, end]).into_iter().flatten());
    let params =
        method.params.iter().map(|p| format!("{}{}", p.name, if p.is_optional { "?" } else { "" }));
    format!("{} ({})", names.join(" "), params.collect::<Vec<_>>().join(" "))
}

#[test]
fn the_table_of_methods_is_what_the_traits_declare() {
    let declared: BTreeSet<String> = TRAITS.iter().flat_map(|(ns, text)| declared(ns, text)).collect();
    let tabled: BTreeSet<String> = METHODS.iter().map(tabled).collect();
    assert_eq!(declared, tabled);
}

fn methods_table() -> String {
    let mut table =
        String::from("| method | parameters | result | errors | what it does |\n|---|---|---|---|---|\n");
    for method in METHODS.iter().filter(|m| m.subscription.is_none()) {
        let alias = method.alias.map(|a| format!(", `{a}`")).unwrap_or_default();
        let (params, errors) = (params(method), method.errors.join(" "));
        let (name, result, help) = (method.name, method.result, method.help);
        _ = writeln!(table, "| `{name}`{alias} | {params} | `{}` | {errors} | {help} |", cell(result));
    }
    table
}

fn subscriptions_table() -> String {
    let mut table = String::from(
        "| subscribe | parameters | item: type | end | errors | what it does |\n|---|---|---|---|---|---|\n",
    );
    for method in METHODS {
        let Some((item, end)) = method.subscription else { continue };
        let (params, errors) = (params(method), method.errors.join(" "));
        let (name, result, help) = (method.name, method.result, method.help);
        _ = writeln!(table, "| `{name}` | {params} | `{item}`: `{result}` | `{end}` | {errors} | {help} |");
    }
    table
}

fn params(method: &Method) -> String {
    let shown = method
        .params
        .iter()
        .map(|p| format!("`{}{}: {}`", p.name, if p.is_optional { "?" } else { "" }, cell(p.kind)));
    shown.collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn errors_table() -> String {
    let mut table =
        String::from("| code | kind | fault | retryable | when | hint |\n|---|---|---|---|---|---|\n");
    for kind in Kind::ALL {
        let entry = kind.entry();
        let fault = entry.fault.map(|f| f.to_string()).unwrap_or_default();
        let retryable = if entry.retryable { "yes" } else { "no" };
        let (code, name, when, hint) = (entry.code, entry.kind, entry.when, entry.hint.unwrap_or_default());
        _ = writeln!(table, "| {code} | `{name}` | {fault} | {retryable} | {when} | {hint} |");
    }
    table
}

/// `UPDATE_EXPECT=1` writes the tables into the document.
#[test]
fn the_document_has_the_tables_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let mut document = std::fs::read_to_string(&path).expect("docs/protocol.md is part of the project");
    let original = document.clone();
    let tables = [
        ("methods", methods_table()),
        ("subscriptions", subscriptions_table()),
        ("errors", errors_table()),
    ];
    for (name, table) in tables {
        let begin = format!("<!-- begin: {name}; written by rpc/tests/contract.rs -->\n");
        let start = document.find(&begin).expect("the document marks where a table begins") + begin.len();
        let length = document[start..].find("<!-- end -->").expect("the document marks where a table ends");
        document.replace_range(start..start + length, &table);
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &document).expect("the document can be written");
    } else {
        assert!(
            document == original,
            "docs/protocol.md is out of date: run this test with UPDATE_EXPECT=1"
        );
    }
}
