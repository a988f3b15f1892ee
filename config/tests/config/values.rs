//! The types of values, as tables: what each accepts, and the words with which it refuses the rest.
//!
//! Every line was asked of Supervisor 4.3.0's own converters. What the file as a whole makes of such an error (which
//! section, which file) is in `reports`.

use crate::support::{Site, command_of, first_error};
use treeherd_config::value::{self, ValueError};
use treeherd_domain::level::Level;
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::Autorestart;

/// Holds a converter against a table; an error is shown by its words.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    convert: impl Fn(&str) -> Result<T, ValueError>,
    table: Vec<(&str, Result<T, &str>)>,
) {
    for (text, expected) in table {
        let found = convert(text).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{text:?}");
    }
}

#[test]
fn integers_are_decimal_and_nothing_else() {
    check(
        value::integer,
        vec![
            ("10", Ok(10)),
            ("010", Ok(10)),
            (" 7 ", Ok(7)),
            ("-3", Ok(-3)),
            ("+3", Ok(3)),
            ("1_000", Ok(1000)),
            ("0x10", Err("invalid literal for int() with base 10: '0x10'")),
            ("1.5", Err("invalid literal for int() with base 10: '1.5'")),
            ("", Err("invalid literal for int() with base 10: ''")),
            ("1__0", Err("invalid literal for int() with base 10: '1__0'")),
            ("_1", Err("invalid literal for int() with base 10: '_1'")),
            ("soon", Err("invalid literal for int() with base 10: 'soon'")),
        ],
    );
}

#[test]
fn booleans_are_four_words_for_each_side() {
    for text in ["yes", "TRUE", "On", "1"] {
        assert_eq!(value::boolean(text), Ok(true), "{text}");
    }
    for text in ["no", "False", "OFF", "0"] {
        assert_eq!(value::boolean(text), Ok(false), "{text}");
    }
    for text in ["x", "", " yes", "2", "y"] {
        let words = value::boolean(text).unwrap_err().to_string();
        assert_eq!(words, format!("not a valid boolean value: '{text}'"));
    }
}

#[test]
fn byte_sizes_have_three_suffixes() {
    let refused = |text: &str| format!("invalid literal for int() with base 10: '{text}'");
    let refusals =
        [("1K", "1k"), ("1B", "1b"), ("1TB", "1tb"), ("1.5MB", "1.5"), ("KB", ""), ("1 000", "1 000")];
    check(
        value::byte_size,
        vec![
            ("1KB", Ok(1024)),
            ("2mb", Ok(2 << 20)),
            ("3 Gb", Ok(3 << 30)),
            ("10", Ok(10)),
            ("-1", Ok(-1)),
        ],
    );
    for (text, number) in refusals {
        assert_eq!(value::byte_size(text).unwrap_err().to_string(), refused(number), "{text}");
    }
}

#[test]
fn octal_numbers_may_begin_with_0o() {
    check(
        value::octal,
        vec![
            ("022", Ok(0o22)),
            ("0o17", Ok(0o17)),
            ("7", Ok(7)),
            ("000", Ok(0)),
            (" 17", Ok(0o17)),
            ("99", Err("99 can not be converted to an octal type")),
            ("0x1", Err("0x1 can not be converted to an octal type")),
            ("", Err(" can not be converted to an octal type")),
        ],
    );
}

#[test]
fn signals_have_names_numbers_and_aliases() {
    for (text, number) in [
        ("TERM", 15),
        ("sigterm", 15),
        (" Hup ", 1),
        ("15", 15),
        (" 9 ", 9),
        ("0", 0),
        ("34", 34),
        ("64", 64),
        ("RTMIN", 34),
        ("SIGRTMAX", 64),
        ("CLD", 17),
        ("POLL", 29),
        ("IOT", 6),
    ] {
        assert_eq!(value::signal(text).map(Signal::number), Ok(number), "{text}");
    }
    for text in ["FOO", "RTMIN+1", ""] {
        let words = value::signal(text).unwrap_err().to_string();
        assert_eq!(words, format!("value '{text}' is not a valid signal name"));
    }
    for text in ["999", "-1", "32", "35"] {
        let words = value::signal(text).unwrap_err().to_string();
        assert_eq!(words, format!("value '{text}' is not a valid signal number"));
    }
}

#[test]
fn exit_codes_are_a_list_that_may_be_empty() {
    check(
        value::exit_codes,
        vec![
            ("0", Ok(vec![0])),
            ("0,2", Ok(vec![0, 2])),
            ("2, 0", Ok(vec![2, 0])),
            ("2,2", Ok(vec![2, 2])),
            ("255", Ok(vec![255])),
            ("", Ok(vec![])),
            ("256", Err("not a valid list of exit codes: '256'")),
            ("-1", Err("not a valid list of exit codes: '-1'")),
            ("0,", Err("not a valid list of exit codes: '0,'")),
            ("a", Err("not a valid list of exit codes: 'a'")),
            ("0 2", Err("not a valid list of exit codes: '0 2'")),
        ],
    );
}

#[test]
fn autorestart_is_a_boolean_or_unexpected() {
    check(
        value::autorestart,
        vec![
            ("true", Ok(Autorestart::Always)),
            ("1", Ok(Autorestart::Always)),
            ("FALSE", Ok(Autorestart::Never)),
            ("no", Ok(Autorestart::Never)),
            ("Unexpected", Ok(Autorestart::Unexpected)),
            ("x", Err("invalid 'autorestart' value 'x'")),
            ("X Y", Err("invalid 'autorestart' value 'x y'")),
            ("", Err("invalid 'autorestart' value ''")),
        ],
    );
}

#[test]
fn log_levels_are_seven_words() {
    check(
        value::level,
        vec![
            ("critical", Ok(Level::Critical)),
            ("ERROR", Ok(Level::Error)),
            ("warn", Ok(Level::Warn)),
            ("info", Ok(Level::Info)),
            ("Debug", Ok(Level::Debug)),
            ("trace", Ok(Level::Trace)),
            ("blather", Ok(Level::Blather)),
            ("warning", Err("bad logging level name 'warning'")),
            ("10", Err("bad logging level name '10'")),
            ("", Err("bad logging level name ''")),
        ],
    );
}

#[test]
fn directories_must_exist_and_may_begin_with_a_home() {
    let site = Site::new("");
    std::fs::create_dir(site.path().join("sub")).unwrap();
    std::fs::write(site.path().join("plain"), "").unwrap();
    site.world(|world| {
        let shown = |found: Result<std::path::PathBuf, ValueError>| match found {
            Ok(path) => site.tidy(&path.display().to_string()),
            Err(error) => error.to_string(),
        };
        let directory = |text: &str| shown(value::existing_directory(text, world));
        assert_eq!(directory("sub"), "DIR/sub");
        assert_eq!(directory("plain"), "plain is not an existing directory");
        assert_eq!(directory("/nope"), "/nope is not an existing directory");
        assert_eq!(directory("~nosuchuser"), "~nosuchuser is not an existing directory");
        let dirpath = |text: &str| shown(value::existing_dirpath(text, world));
        assert_eq!(dirpath("sub/x.log"), "DIR/sub/x.log");
        assert_eq!(dirpath("x.log"), "DIR/x.log");
        let missing = |path: &str| format!("The directory named as part of the path {path} does not exist");
        assert_eq!(dirpath("/nope/x.log"), missing("/nope/x.log"));
        assert_eq!(dirpath("a/b"), missing("a/b"));
        assert_eq!(dirpath("~/x"), missing("~/x"));
        assert_eq!(dirpath("~chrism/x"), missing("~chrism/x"));
    });
}

/// What becomes of `stdout_logfile`.
#[track_caller]
fn logfile(written: &str) -> String {
    let site = Site::new(&format!("[supervisord]\n[program:p]\ncommand=c\nstdout_logfile={written}\n"));
    let config = site.load().unwrap_or_else(|report| panic!("{report}"));
    let stream = &config.groups[0].processes[0].stdout;
    site.tidy(&format!("{:?} syslog {}", stream.logfile, stream.syslog))
}

#[test]
fn child_logs_have_four_special_names_in_any_case() {
    for text in ["AUTO", "auto", "Auto"] {
        assert_eq!(logfile(text), "Auto syslog false");
    }
    for text in ["None", "NONE", "off", "OFF", ""] {
        assert_eq!(logfile(text), "None syslog false");
    }
    for text in ["syslog", "SysLog"] {
        assert_eq!(logfile(text), "None syslog true");
    }
    assert_eq!(logfile("x.log"), "Path(\"DIR/x.log\") syslog false");
    assert_eq!(
        first_error("[supervisord]\n[program:p]\ncommand=c\nstderr_logfile=/nope/x\n"),
        "The directory named as part of the path /nope/x does not exist in section 'program:p' (file: 's.conf')"
    );
}

#[test]
fn the_main_log_is_syslog_in_lower_case_only() {
    let log = |text: &str| {
        let site = Site::new(&format!("[supervisord]\nlogfile={text}\n"));
        site.tidy(&format!("{:?}", site.load().unwrap().daemon.logfile))
    };
    assert_eq!(log("syslog"), "Syslog");
    assert_eq!(log("Syslog"), "File(\"DIR/Syslog\")");
    assert_eq!(log("NONE"), "File(\"DIR/NONE\")");
}

#[test]
fn users_are_names_or_numbers_that_the_system_knows() {
    let user = |text: &str| {
        let site = Site::new(&format!("[supervisord]\n[program:p]\ncommand=c\nuser={text}\n"));
        match site.load() {
            Ok(config) => format!("{:?}", config.groups[0].processes[0].user.as_ref().map(|user| user.uid)),
            Err(report) => report.first().message().replace(" in section 'program:p' (file: 's.conf')", ""),
        }
    };
    assert_eq!(
        [user("root"), user("0"), user("chrism"), user("1000")],
        ["Some(0)", "Some(0)", "Some(1000)", "Some(1000)"]
    );
    assert_eq!(user("nosuch"), "Invalid user name nosuch");
    assert_eq!(user("77777"), "Invalid user id 77777");
    assert_eq!(user("-1"), "Invalid user id -1");
    let owner = |text: &str| {
        let text = format!("[supervisord]\n[unix_http_server]\nfile=s\nchown={text}\n");
        let site = Site::new(&text);
        match site.load() {
            Ok(config) => format!("{:?}", config.endpoints[0].address).replace("\"", ""),
            Err(report) => report.first().message().to_owned(),
        }
    };
    for (text, ids) in [
        ("root", "uid: Some(0), gid: None"),
        ("0:33", "uid: Some(0), gid: Some(33)"),
        ("chrism:www", "uid: Some(1000), gid: Some(33)"),
    ] {
        assert!(owner(text).contains(ids), "{}", owner(text));
    }
    for text in ["nosuch", "root:nosuch", "root:77777", "root:", ":root"] {
        assert_eq!(owner(text), format!("Invalid sockchown value {text}"));
    }
}

#[test]
fn names_hold_no_space_colon_or_slash() {
    check(
        |text| value::name(text).map(str::to_owned),
        vec![
            ("a", Ok("a".to_owned())),
            (" a ", Ok("a".to_owned())),
            ("a\tb", Ok("a\tb".to_owned())),
            ("a b", Err("Invalid name: 'a b' because of character: ' '")),
            ("a:b", Err("Invalid name: 'a:b' because of character: ':'")),
            ("a/b", Err("Invalid name: 'a/b' because of character: '/'")),
        ],
    );
    assert_eq!(
        first_error("[supervisord]\n[program:a:b]\ncommand=c\n"),
        "Invalid name: 'a:b' because of character: ':'"
    );
    assert_eq!(
        first_error("[supervisord]\n[group:a b]\n"),
        "Invalid name: 'a b' because of character: ' '"
    );
    // The template is checked as it is written.
    assert_eq!(
        first_error("[supervisord]\n[program:a]\ncommand=c\nprocess_name=%(program_name)s x\n"),
        "Invalid name: '%(program_name)s x' because of character: ' ' in section 'program:a' (file: 's.conf')"
    );
}

#[test]
fn addresses_are_split_at_the_last_colon() {
    let found = |host: &str, port: u16| Ok((host.to_owned(), port));
    check(
        value::inet_address,
        vec![
            ("9001", found("", 9001)),
            (":9001", found("", 9001)),
            ("*:9001", found("", 9001)),
            ("LOCALHOST:9001", found("localhost", 9001)),
            ("127.0.0.1:1", found("127.0.0.1", 1)),
            ("h:65535", found("h", 65535)),
            ("abc", Err("not a valid port number: 'abc' ")),
            ("h:", Err("no port number specified in ''")),
            ("h:99999", Err("99999 is above upper bound (65535)")),
            ("h:0", Err("0 is below lower bound (1)")),
            ("h:abc", Err("invalid literal for int() with base 10: 'abc'")),
        ],
    );
}

#[test]
fn only_the_first_error_is_supervisors() {
    let text = "[supervisord]\n[program:b]\ncommand=c\nstartsecs=x\n[program:a]\ncommand=c\nstartsecs=y\n";
    assert_eq!(
        first_error(text),
        "invalid literal for int() with base 10: 'x' in section 'program:b' (file: 's.conf')"
    );
    assert_eq!(command_of("command=  spaced  \n"), "spaced");
}
