//! The readers that are fuzzed, and what has to hold of whatever they are given.

use std::io::Write as _;
use treeherd::daemon::world::Here;
use treeherd_config::Overrides;
use treeherd_domain::command::split;
use treeherd_domain::listener::Listener;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::selector::Selector;
use treeherd_domain::syslog::SyslogTarget;
use treeherd_rpc::xmlrpc::{Call, answer, call, call_text, fault_text, params, result_text};

/// What XML-RPC is made of.
pub(crate) const XML_WORDS: &[&str] = &[
    "<value>",
    "</value>",
    "<array><data>",
    "</data></array>",
    "<struct>",
    "</struct>",
    "<member>",
    "</member>",
    "<name>",
    "</name>",
    "<int>",
    "</int>",
    "<i4>1</i4>",
    "<i8>1</i8>",
    "<boolean>1</boolean>",
    "<double>-1e308",
    "</double>",
    "<base64>",
    "</base64>",
    "<nil/>",
    "<string>",
    "</string>",
    "<param>",
    "</param>",
    "<params>",
    "</params>",
    "<methodName>system.multicall</methodName>",
    "<methodName>",
    "</methodName>",
    "<fault>",
    "</fault>",
    "faultCode",
    "faultString",
    "methodName",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?x",
    "?>",
    "&#0;",
    "&#xD800;",
    "&#13;",
    "&amp;",
    "&x;",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "99999999999999999999",
    "-",
    "_",
    "+",
    " ",
    "\r\n",
    "encoding='iso-8859-1'",
    "é",
    "\u{fffd}",
];

/// Whatever is read can be written, and reads back as it was written.
pub(crate) fn xml_rpc(bytes: &[u8]) {
    if let Ok(read) = call(bytes) {
        // What XML does not keep (nil, a carriage return) is gone after the first time.
        let first = again(&read);
        assert_eq!(again(&first), first);
        let mut fitted = read.params;
        params::fit(&read.method, &mut fitted);
    }
    match answer(bytes) {
        Ok(Ok(result)) => {
            let written = result_text(&result.to_string(), usize::MAX).expect("JSON can be written");
            let first = answer(written.as_bytes()).expect("it is XML").expect("it is a result");
            let written = result_text(&first.to_string(), usize::MAX).expect("JSON can be written");
            assert_eq!(answer(written.as_bytes()), Ok(Ok(first)));
        }
        Ok(Err(fault)) => {
            let read =
                answer(fault_text(&fault).as_bytes()).expect("it is XML").expect_err("it is a fault");
            assert_eq!(read.code, fault.code);
        }
        Err(_) => {}
    }
}

fn again(read: &Call) -> Call {
    let written = call_text(&read.method, &read.params, usize::MAX).expect("parameters can be written");
    call(written.as_bytes()).unwrap_or_else(|error| panic!("{error}: {written}"))
}

/// What lists of variables are made of.
pub(crate) const ENVIRONMENT_WORDS: &[&str] = &[
    "=",
    ",",
    "\"",
    "'",
    "\\",
    "KEY=",
    "%(ENV_HOME)s",
    "%%",
    "#",
    ";",
    "\n",
    "\t",
    " ",
    "é",
    "\u{2028}",
    "A=\"b\",",
];

/// A list is refused in words, or read; and then, quoted, it is read as the same.
pub(crate) fn environment(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match treeherd_config::environment::parse(&text) {
        Err(error) => assert!(!error.to_string().is_empty() && !error.help().is_empty()),
        Ok(variables) => {
            let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let pairs: Vec<String> =
                variables.iter().map(|(key, value)| format!("{}={}", quote(key), quote(value))).collect();
            assert_eq!(treeherd_config::environment::parse(&pairs.join(",")), Ok(variables), "{pairs:?}");
        }
    }
}

/// What commands are made of.
pub(crate) const COMMAND_WORDS: &[&str] =
    &["'", "\"", "\\", "\\\"", "''", "\t", "\r", "\n", "$x", "#", "é"];

/// Words that are quoted are the same words.
pub(crate) fn command(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(words) = split(&text) {
        let quoted: Vec<String> =
            words.iter().map(|word| format!("'{}'", word.replace('\'', "'\"'\"'"))).collect();
        assert_eq!(split(&quoted.join(" ")), Ok(words));
    }
}

/// What selectors are made of.
pub(crate) const SELECTOR_WORDS: &[&str] = &[":", "*", "?", "all", "web", "api_00", "**", ":*", "é"];

/// A selector that is shown and read again selects the same. A process that is called `all` is the exception.
pub(crate) fn selector(bytes: &[u8]) {
    let selector = Selector::parse(&String::from_utf8_lossy(bytes));
    let shown = selector.to_string();
    let again = Selector::parse(&shown);
    for (group, process) in [("web", "web"), ("shop", "api_00"), ("shop", "é"), ("a", "b")] {
        let one = Namespec::new(GroupName::new(group), ProcessName::new(process));
        assert!(shown == "all" || selector.matches(&one) == again.matches(&one), "{shown}");
    }
}

/// What syslog targets are made of.
pub(crate) const SYSLOG_WORDS: &[&str] = &[
    "udp://",
    "tcp://",
    "unix:///",
    "?",
    "&",
    "=",
    "tag=",
    "format=rfc3164",
    "facility=kern",
    "[",
    "]",
    ":",
    "0",
];

/// A target is shown as it can be read.
pub(crate) fn syslog_target(bytes: &[u8]) {
    if let Ok(target) = SyslogTarget::parse(&String::from_utf8_lossy(bytes)) {
        assert_eq!(SyslogTarget::parse(&target.to_string()), Ok(target));
    }
}

/// What listeners write.
pub(crate) const LISTENER_WORDS: &[&str] = &[
    "READY\n",
    "RESULT ",
    "RESULT 2\nOK",
    "RESULT 4\nFAIL",
    "\n",
    "0",
    "-1",
    "99999999999999999999",
    " ",
    "é",
];

/// A listener is understood in the same way however its words are cut; the first byte says what it was told before.
pub(crate) fn listener(bytes: &[u8]) {
    let is_busy = bytes.first().is_some_and(|byte| byte % 2 == 0);
    let hear = |size: usize| {
        let mut listener = Listener::default();
        if is_busy {
            listener.hear(b"READY\n");
            listener.sent();
        }
        let words: Vec<_> = bytes.chunks(size).flat_map(|piece| listener.hear(piece)).collect();
        (listener.state(), words)
    };
    let whole = hear(bytes.len().max(1));
    assert_eq!(hear(1), whole);
    assert_eq!(hear(7), whole);
}

/// What configurations are made of.
pub(crate) const CONFIGURATION_WORDS: &[&str] = &[
    "[program:x]\n",
    "[supervisord]\n",
    "[group:g]\nprograms=",
    "[eventlistener:l]\nevents=",
    "[fcgi-program:f]\nsocket=tcp://localhost:1\n",
    "command=",
    "numprocs=",
    "process_name=",
    "environment=",
    "stdout_logfile=",
    "exitcodes=",
    "%(here)s",
    "%(process_num)02d",
    "%(ENV_HOME)s",
    "%(x",
    "%%",
    "%(process_num)999999999d",
    ";",
    " ;",
    "=",
    ":",
    "\n ",
    "\n",
    "\r\n",
    "\r",
    "99999999999999999999",
    "\u{feff}",
    "é",
];

/// A configuration is read, or every error of it has a place in it.
pub(crate) fn configuration(bytes: &[u8]) {
    // what is included is another file's business
    if bytes.windows(7).any(|word| word.eq_ignore_ascii_case(b"include")) {
        return;
    }
    let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
    file.write_all(bytes).expect("there is room");
    let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    let here = Here::new();
    if let Err(report) = treeherd_config::load(file.path(), &Overrides::default(), &here.world()) {
        assert!(!report.errors().is_empty());
        for place in report.errors().iter().flat_map(|error| error.places()) {
            assert!(place.line <= lines, "line {} of {lines}", place.line);
        }
    }
}
