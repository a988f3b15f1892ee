//! Scripts of `supervisorctl simulate`, for a configuration that has some of everything.
//!
//! ```text
//!   bytes --> Script::parse --> Cast::of --> simulate --> a report     twice, and it is the same
//!                  \--------------\--> errors, each with a place in the text
//! ```
//!
//! Deliberately absent: what a script comes to (`domain/tests/simulate`).

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::LazyLock;
use std::time::Instant;
use treeherd::daemon::world::Here;
use treeherd_actors::clock;
use treeherd_config::Overrides;
use treeherd_domain::simulate::{
    Cast, End, MOST_STEPS, PATIENCE, Report, Script, ScriptError, Setting, Until, What, simulate,
};

/// What scripts are made of.
pub(crate) const WORDS: &[&str] = &[
    "db: ",
    "web: ",
    "shop:api: ",
    "shop:*: ",
    "flap: runs 1s always\n",
    "all: ",
    "runs forever",
    "runs 0s",
    "runs 0.3s, exit 1",
    "runs 3.2s, killed by SEGV",
    "fails to start",
    " then ",
    " *3",
    " *4294967295",
    " always",
    "; ",
    ", ",
    "ready after 2s",
    "never ready",
    "unhealthy after 10s for 5s",
    "ignores TERM, INT",
    "stops after 2s, exit 3",
    "; pre_start takes 1s",
    "; pre_start takes 40s, exit 1",
    "; stop_command takes 2s",
    "; post_stop takes 3s; ignores stop_command",
    "; out of reach",
    "\nat 20s: ",
    "at 0s: ",
    "start ",
    "stop ",
    "restart ",
    "kill ",
    "exit 1 ",
    "ready ",
    "signal HUP ",
    "unhealthy ",
    "healthy ",
    "probe net red",
    "probe net green",
    "shutdown",
    "spawn w queue=",
    "spawn w ",
    "w:1",
    "w: ",
    "web",
    "shop:*",
    " --no-deps",
    "\nuntil settled\n",
    "\nuntil 5m\n",
    "99999999999999999999h",
    "18446744073709551615",
    "1h30m",
    "200ms",
    "#",
    ":",
    "\n",
    "\r\n",
    "\t",
    "é",
];

/// Requirements, readiness, health, a watchdog, hooks, a group with a strategy, and one that is always started again.
const CONFIGURATION: &str = "[supervisord]\n[probe:net]\ncheck = tcp:127.0.0.1:1\n\
    [program:db]\ncommand = /bin/db\nready = notify\nready_timeout = 30\nwatchdog = 20\n\
    [program:web]\ncommand = /bin/web\nrequires = db:ready, probe:net\nrequires_restart = restart\nstartretries = 1\n\
    stopwaitsecs = 5\n\
    [program:api]\ncommand = /bin/api\nhealth = tcp:127.0.0.1:2\nhealth_interval = 5\n\
    [program:job]\ncommand = /bin/job\nautorestart = true\nstartsecs = 0\n\
    [group:shop]\nprograms = api,job\nstrategy = one_for_all\nintensity = 3\nperiod = 60\n\
    [program:flap]\ncommand = /bin/flap\nautorestart = true\nstartsecs = 0\npre_start = /bin/a\npost_start = /bin/b\n\
    pre_stop = /bin/c\nstop_command = /bin/d\npost_stop = /bin/e\n\
    [template:w]\ncommand = /bin/w %(arg_queue)s\nmax_children = 3\n";

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
    file.write_all(CONFIGURATION.as_bytes()).expect("there is room");
    let read = treeherd_config::load(file.path(), &Overrides::default(), &Here::new().world());
    Setting::from(&read.expect("the configuration is good"))
});

/// A script is refused with places in it, or gives a report that holds together: always the same one.
pub(crate) fn simulation(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let script = match Script::parse(&text) {
        Ok(script) => script,
        Err(errors) => return assert_places(&errors, &text),
    };
    let limit = match script.until {
        Until::At(at) => at,
        Until::Settled => script.cues.last().map_or(PATIENCE, |cue| cue.at.saturating_add(PATIENCE)),
    };
    let play = |origin: Instant| Cast::of(&SETTING, &script).map(|cast| simulate(&SETTING, cast, origin));
    let origin = clock::now();
    match (play(origin), play(origin + PATIENCE)) {
        (Ok(report), Ok(again)) => {
            assert!(report == again, "the same script gives two reports");
            assert!(report.lasted <= limit, "{:?} of {limit:?}", report.lasted);
            assert_whole(&report);
        }
        (Err(errors), again) => {
            assert_eq!(again, Err(errors.clone()));
            assert_places(&errors, &text);
        }
        (Ok(_), Err(errors)) => panic!("refused the second time: {errors:?}"),
    }
}

fn assert_places(errors: &[ScriptError], text: &str) {
    assert!(!errors.is_empty());
    for error in errors {
        let line = error.spot.line.checked_sub(1).and_then(|at| text.lines().nth(at));
        let line = line.unwrap_or_else(|| panic!("there is no such line: {error:?}"));
        assert!(error.spot.column + error.spot.width <= line.chars().count().max(1), "{error:?}");
        assert!(!error.help.is_empty() && error.show("s", text).contains('^'), "{error:?}");
    }
}

/// It came to an end, time goes forward, and each process goes on from where it stood.
fn assert_whole(report: &Report) {
    // a step writes a few lines at most: those of a process that changes, and what its group says
    assert!(report.lines.len() as u64 <= 4 * MOST_STEPS, "{} lines", report.lines.len());
    assert!(report.end == End::TooMany || report.stop.is_some(), "not all came down: {:?}", report.end);
    assert!(report.lines.is_sorted_by_key(|line| line.at), "time goes back");
    let mut states = HashMap::new();
    for line in &report.lines {
        if let (Some(who), What::State { from, to }) = (&line.who, line.what.clone()) {
            let before = states.insert(who.as_str(), to).unwrap_or("STOPPED");
            assert_eq!(before, from, "{who} at {:?}", line.at);
        }
    }
}

#[test]
fn what_goes_on_and_on_is_given_up_after_so_many_steps() {
    let text = "flap: runs 0s always\nuntil 60h\n";
    let script = Script::parse(text).expect("it is a script");
    let cast = Cast::of(&SETTING, &script).expect("it is there");
    assert_eq!(simulate(&SETTING, cast, clock::now()).end, End::TooMany);
    simulation(text.as_bytes());
}
