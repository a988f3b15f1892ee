//! docs/configuration.md: the keys it tells of are those that are read.

use crate::support::Site;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/configuration.md");

/// The keys of the table below a heading that names a section.
fn documented(section: &str) -> Vec<String> {
    let heading = format!("### `[{section}]`");
    let after = PAGE.split(&heading).nth(1).unwrap_or_else(|| panic!("no heading for [{section}]"));
    let chapter = after.split("\n#").next().unwrap_or_default();
    let rows = chapter.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(keys_of).collect()
}

/// `a`, `stderr_...` stands for the counterpart of `stdout_*`.
fn keys_of(cell: &str) -> Vec<String> {
    let written: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let full = |key: &&str| match *key {
        "stderr_..." => written[0].replace("stdout_", "stderr_"),
        key => key.to_owned(),
    };
    written.iter().map(full).collect()
}

/// A file in which this key of this section cannot be expanded.
fn file_with(section: &str, key: &str) -> String {
    let needed = match section {
        "fcgi-program:x" if key == "socket" => "command=c\n",
        "fcgi-program:x" => "command=c\nsocket=unix:///s\n",
        "eventlistener:x" | "subscriber:x" if key != "events" => "command=c\nevents=TICK\n",
        "eventlistener:x" | "subscriber:x" => "command=c\n",
        "probe:x" if key != "check" => "check=tcp:1\n",
        "socket:x" if key != "socket" => "socket=unix:///s\n",
        "program:x" if key != "command" => "command=c\n",
        "unix_http_server" if key != "file" => "file=s\nusername=u\npassword=p\n",
        "inet_http_server" if key != "port" => "port=1\nusername=u\npassword=p\n",
        _ => "",
    };
    format!("[supervisord]\n[{section}]\n{needed}{key}=%(unknown)s\n")
}

#[test]
fn every_documented_key_is_read() {
    for section in [
        "supervisord",
        "include",
        "unix_http_server",
        "inet_http_server",
        "rpcinterface:x",
        "program:x",
        "group:x",
        "eventlistener:x",
        "subscriber:x",
        "fcgi-program:x",
        "socket:x",
        "probe:x",
    ] {
        let keys = documented(section);
        assert!(!keys.is_empty(), "no keys for [{section}]");
        for key in keys {
            let error = Site::new(&file_with(section, &key)).first();
            assert!(error.contains("%(unknown)s"), "[{section}] {key}: {error}");
        }
    }
    for key in documented("supervisorctl") {
        let report = Site::new(&file_with("supervisorctl", &key)).load_ctl().unwrap_err();
        assert!(report.first().message().contains("%(unknown)s"), "{key}");
    }
}

#[test]
fn every_key_that_is_read_is_documented() {
    let sources = [
        ("supervisord", include_str!("../../src/daemon.rs")),
        ("program:x", include_str!("../../src/program.rs")),
        ("program:x", include_str!("../../src/health.rs")),
        ("program:x", include_str!("../../src/restart.rs")),
        ("program:x", include_str!("../../src/stop.rs")),
        ("program:x", include_str!("../../src/hook.rs")),
        ("supervisorctl", include_str!("../../src/ctl.rs")),
    ];
    for (section, source) in sources {
        let documented: BTreeSet<String> = documented(section).into_iter().collect();
        for call in [
            "keys.get(",
            "keys.value(",
            "keys.text(",
            "check(keys, ",
            "span(keys, ",
            "at_least(keys, ",
            "threshold(keys, ",
            ".span(",
            "keys.span_or_none(",
        ] {
            for after in source.split(call).skip(1) {
                let Some(literal) = after.trim_start().strip_prefix('"') else { continue };
                let key = literal.split('"').next().unwrap_or_default();
                assert!(documented.contains(key), "[{section}] {key} is not documented");
            }
        }
    }
}
