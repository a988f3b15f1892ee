//! Which files are read: the search, `[include]`, the client's part, and files that cannot be read.

use crate::support::Site;
use expect_test::expect;
use std::path::{Path, PathBuf};
use treeherd_config::{CtlConfig, find};

const INCLUDING: &str = "[supervisord]\n[include]\nfiles = conf.d/*.conf  more.conf\n  none/*.ini\n";

#[test]
fn included_files_are_read_in_order_and_merged() {
    let site = Site::new(INCLUDING);
    site.write("conf.d/b.conf", "[program:a]\npriority=7\n")
        .write("conf.d/a.conf", "[program:a]\ncommand=%(here)s/run\npriority=3\n")
        .write("conf.d/.hidden.conf", "[program:hidden]\n")
        .write("more.conf", "[program:m]\ncommand=%(here)s/m\n[include]\nfiles=conf.d/c/*\n")
        .write("conf.d/c/deep.conf", "[program:deep]\n");
    expect![[r#"
        program a priority 7
          process a: "DIR/conf.d/run"
            priority 7
        program m priority 999
          process m: "DIR/m"
        WARN No file matches via include "DIR/none/*.ini"
        INFO Included extra file "DIR/conf.d/a.conf" during parsing
        INFO Included extra file "DIR/conf.d/b.conf" during parsing
        INFO Included extra file "DIR/more.conf" during parsing
    "#]]
    .assert_eq(&site.shown());
}

#[test]
fn an_error_names_the_included_file() {
    let site = Site::new(INCLUDING);
    site.write("conf.d/a.conf", "[program:a]\ncommand=c\nstartsecs=soon\n");
    expect![[r#"
        error: invalid literal for int() with base 10: 'soon' in section 'program:a' (file: 'DIR/conf.d/a.conf')
         --> DIR/conf.d/a.conf:3
          |
        3 | startsecs=soon
          |           ^^^^
          help: write a whole number, such as 10
    "#]].assert_eq(&site.report());
}

#[test]
fn a_syntax_error_in_an_included_file_is_fatal() {
    let site = Site::new(INCLUDING);
    site.write("more.conf", "x=1\n").write("conf.d/a.conf", "[a]\nbad\n");
    expect![[r#"
        error: Source contains parsing errors: 'DIR/conf.d/a.conf'
        	[line  2]: 'bad\n'
         --> DIR/conf.d/a.conf:2
          |
        2 | bad
          | ^^^
          help: write key=value; a line that goes on with a value is indented more than its key; a comment begins with ; or #

        error: File contains no section headers.
        file: 'DIR/more.conf', line: 1
        'x=1\n'
         --> DIR/more.conf:1
          |
        1 | x=1
          | ^^^
          help: begin the file with a section header such as [supervisord]
    "#]].assert_eq(&site.report());
}

#[test]
fn an_included_directory_is_skipped_with_a_warning() {
    let site = Site::new("[supervisord]\n[include]\nfiles=sub\n");
    std::fs::create_dir(site.path().join("sub")).unwrap();
    expect![[r#"
        WARN could not read included file 'DIR/sub': Is a directory (os error 21)
        INFO Included extra file "DIR/sub" during parsing
    "#]]
    .assert_eq(&site.shown());
}

#[test]
fn an_included_fifo_is_skipped_and_not_waited_for() {
    let site = Site::new("[supervisord]\n[include]\nfiles=conf.d/*\n");
    site.write("conf.d/b.conf", "[program:b]\ncommand=c\n");
    let path = site.path().join("conf.d/a.conf");
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    assert_eq!(site.load().unwrap().groups.len(), 1);
    assert!(site.shown().contains("a.conf': it is a FIFO, which may have no writer\n"), "{}", site.shown());
}

#[test]
fn include_needs_files() {
    let site = Site::new("[supervisord]\n[include]\n");
    assert_eq!(site.first(), ".ini file has [include] section, but no files setting");
}

#[test]
fn include_expands_its_own_variables() {
    let site = Site::new("[supervisord]\n[include]\nfiles=%(here)s/%(host_node_name)s.%(ENV_HOST)s\n");
    site.write("node1.example", "[program:a]\ncommand=c\n");
    assert_eq!(site.load().unwrap().groups.len(), 1);
    let site = Site::new("[supervisord]\n[include]\nfiles=%(nope)s\n");
    assert_eq!(
        site.first(),
        "Format string '%(nope)s' for 'include.files' contains names ('nope') which cannot be expanded. \
         Available names: ENV_HOST, ENV_PERCENT, here, host_node_name"
    );
}

#[test]
fn the_supervisord_section_may_be_in_an_included_file() {
    let site = Site::new("[include]\nfiles=more.conf\n");
    site.write("more.conf", "[supervisord]\nidentifier=included\n");
    assert_eq!(site.load().unwrap().daemon.identifier, "included");
}

#[test]
fn a_missing_file_and_an_unreadable_one_are_told_apart() {
    let site = Site::new("");
    std::fs::remove_file(site.path().join("s.conf")).unwrap();
    assert_eq!(site.first(), "could not find config file s.conf");
    std::fs::create_dir(site.path().join("s.conf")).unwrap();
    assert_eq!(site.first(), "could not read config file s.conf");
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_without_end_is_not_read_for_ever() {
    let site = Site::new("");
    std::fs::remove_file(site.path().join("s.conf")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", site.path().join("s.conf")).unwrap();
    let report = site.report();
    assert!(report.contains("could not read config file s.conf"), "{report}");
    assert!(report.contains("it is larger than 64 MB"), "{report}");
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_its_line() {
    let site = Site::new("");
    site.write("s.conf", b"[supervisord]\nidentifier=\xe4\xf6\n");
    expect![[r#"
        error: 'utf-8' codec can't decode byte 0xe4 in position 25: invalid continuation byte
         --> s.conf:2
          |
        2 | identifier=��
          |            ^
          help: save the file as UTF-8
    "#]]
    .assert_eq(&site.report());
}

#[test]
fn what_is_not_utf_8_is_told_in_pythons_words() {
    for (bytes, words) in [
        (&b"\xff"[..], "byte 0xff in position 0: invalid start byte"),
        (b"a\x80", "byte 0x80 in position 1: invalid start byte"),
        (b"\xc0\xaf", "byte 0xc0 in position 0: invalid start byte"),
        (b"\xe9\n", "byte 0xe9 in position 0: invalid continuation byte"),
        (b"\xe2\x82\n", "bytes in position 0-1: invalid continuation byte"),
        (b"\xed\xa0\x80", "byte 0xed in position 0: invalid continuation byte"),
        (b"\xf5", "byte 0xf5 in position 0: invalid start byte"),
        (b"a\xe9", "byte 0xe9 in position 1: unexpected end of data"),
        (b"\xf0\x9f\x98", "bytes in position 0-2: unexpected end of data"),
    ] {
        let site = Site::new("");
        site.write("s.conf", bytes);
        assert_eq!(site.first(), format!("'utf-8' codec can't decode {words}"));
    }
}

#[test]
fn the_first_of_six_paths_is_found() {
    let site = Site::new("");
    let error = find("/no/such/bin/supervisord", &site.path().join("nowhere")).map(|_| ()).err();
    if let Some(error) = error {
        assert_eq!(
            error.to_string(),
            "No config file found at default paths (/no/such/etc/supervisord.conf, \
             /no/such/supervisord.conf, supervisord.conf, etc/supervisord.conf, /etc/supervisord.conf, \
             /etc/supervisor/supervisord.conf); use the -c option to specify a config file at a different path"
        );
    }
    site.write("etc/supervisord.conf", "");
    assert_eq!(find("/no/such/bin/supervisord", site.path()), Ok(PathBuf::from("etc/supervisord.conf")));
    site.write("supervisord.conf", "");
    assert_eq!(find("/no/such/bin/supervisord", site.path()), Ok(PathBuf::from("supervisord.conf")));
    let beside = site.path().join("etc/supervisord.conf");
    let argv0 = site.path().join("bin/supervisord");
    assert_eq!(find(&argv0.to_string_lossy(), Path::new("/")), Ok(beside));
}

#[test]
fn the_client_reads_its_own_section() {
    let site = Site::new(
        "[supervisorctl]\nserverurl=unix://%(here)s/./x.sock\nusername=u\npassword=%(ENV_HOST)s\nprompt=p\n\
         history_file=~/.hist\n[include]\nfiles=%(nonsense\n[ctlplugin:x]\n",
    );
    let config = site.load_ctl().unwrap();
    assert_eq!(
        config,
        CtlConfig {
            serverurl: format!("unix://{}/x.sock", site.path().display()),
            username: Some("u".to_owned()),
            password: Some("example".to_owned()),
            prompt: "p".to_owned(),
            history_file: Some("/home/me/.hist".into()),
        }
    );
}

#[test]
fn the_client_has_defaults_and_wants_its_section() {
    assert_eq!(Site::new("[supervisorctl]\n").load_ctl(), Ok(CtlConfig::default()));
    let report = Site::new("[supervisord]\n").load_ctl().unwrap_err();
    assert_eq!(report.first().message(), ".ini file does not include supervisorctl section");
    let report = Site::new("junk").load_ctl().unwrap_err();
    assert!(report.first().message().starts_with("File contains no section headers."));
}

#[test]
fn the_client_reads_its_section_wherever_it_stands_and_however_often() {
    let text = "[DEFAULT]\nusername=all\n[a]b]\nx=1\n[supervisorctl]\nprompt=one\n  two\n\n  three\n[program:a]\n\
                command=sh\n  [supervisorctl]\n  prompt=no\nprompt=neither\n[supervisorctl]\npassword=p=q\n\
                [supervisorctl2]\nserverurl=http://x\n";
    let config = Site::new(text).load_ctl().unwrap();
    assert_eq!(config.prompt, "one\ntwo\n\nthree");
    assert_eq!(config.username.as_deref(), Some("all"));
    assert_eq!(config.password.as_deref(), Some("p=q"));
    assert_eq!(config.serverurl, CtlConfig::default().serverurl);
}
