//! Which changes of control endpoints wait for the daemon's next start.

use crate::support::Site;
use treeherd_domain::plan::Plan;
use treeherd_domain::spec::Config;

const INTERFACE: &str =
    "[rpcinterface:a]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";

fn load(site: &Site, text: &str) -> Config {
    site.write("s.conf", format!("[supervisord]\n{text}"));
    site.load().unwrap_or_else(|report| panic!("{report}"))
}

#[track_caller]
fn check(old: &str, new: &str, expected: &[&str]) {
    // the paths of both are those of one directory
    let site = Site::new("");
    let plan = Plan::default().with_daemon(&load(&site, old), &load(&site, new));
    let told: Vec<String> = plan.held_back().collect();
    assert_eq!(told, expected, "{old:?} -> {new:?}");
    assert!(plan.is_empty(), "an update has nothing to do for it");
}

#[test]
fn each_key_of_a_server_is_named_when_it_changes() {
    let unix = "[unix_http_server]\nfile=/s\n";
    let changed = |old: &str, new: &str, what: &str| {
        check(
            &format!("{unix}{old}"),
            &format!("{unix}{new}"),
            &[&format!("[unix_http_server] {what}: changed")],
        );
    };
    changed("", "chmod=0770\n", "chmod");
    changed("chown=root\n", "chown=chrism\n", "chown");
    changed("", "chown=root:www\n", "chown");
    changed("username=u\npassword=p\n", "username=v\npassword=p\n", "username");
    changed("username=u\npassword=p\n", "username=u\npassword=q\n", "password");
    changed("", "chmod=0\nusername=u\npassword=p\n", "chmod, username, password");
    changed("username=u\npassword=p\n", "", "username, password");
    check(unix, "[unix_http_server]\nfile=/t\n", &["[unix_http_server] file: changed"]);
    let inet = |port: &str| format!("[inet_http_server:two]\nport={port}\n");
    check(&inet("127.0.0.1:1"), &inet("127.0.0.1:2"), &["[inet_http_server:two] port: changed"]);
    check(&inet("127.0.0.1:1"), &inet("*:1"), &["[inet_http_server:two] port: changed"]);
}

#[test]
fn what_is_another_text_and_says_the_same_is_no_change() {
    check("[unix_http_server]\nfile=/s\nchmod=0700\n", "[unix_http_server]\nfile=/s\nchmod=700\n", &[]);
    check("[inet_http_server]\nport=*:1\n", "[inet_http_server]\nport=1\n", &[]);
    check(INTERFACE, &format!("{INTERFACE}; a comment\n"), &[]);
}

#[test]
fn sections_that_come_and_go_are_told_behind_the_daemons_own_keys() {
    let server = |name: &str, port: u16| format!("[inet_http_server{name}]\nport=127.0.0.1:{port}\n");
    check(
        &(server("", 1) + &server(":b", 2) + INTERFACE),
        &("umask=027\n".to_owned()
            + &server(":b", 3)
            + &server(":c", 1)
            + "[unix_http_server:d]\nfile=/s\n"),
        &[
            "[supervisord] umask: changed",
            "[inet_http_server]: removed",
            "[rpcinterface:a]: removed",
            "[inet_http_server:b] port: changed",
            "[inet_http_server:c]: added",
            "[unix_http_server:d]: added",
        ],
    );
}
