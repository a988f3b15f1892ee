//! The command line of `supervisord`: its options as values that beat the configuration file.

use crate::getopt::{Given, Rule, UsageError, list, tokenize};
use std::path::PathBuf;
use treeherd_config::{Overrides, World, value};

/// The version of Supervisor that this daemon stands in for: what `-v` prints.
pub const COMPATIBLE_VERSION: &str = "4.3.0";

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Invocation {
    /// Print [`help`] and end.
    Help,
    /// Print [`COMPATIBLE_VERSION`] and end.
    Version,
    /// Check the configuration and end.
    Test {
        /// `-c`; `None`: search for the file.
        config: Option<PathBuf>,
        /// What beats the file.
        overrides: Box<Overrides>,
        /// `--json`: tell the outcome as JSON.
        as_json: bool,
    },
    /// Run the daemon.
    Run {
        /// `-c`; `None`: search for the file.
        config: Option<PathBuf>,
        /// What beats the file.
        overrides: Box<Overrides>,
    },
}

/// Which option.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the option of that name")]
pub enum Id {
    Help,
    Version,
    Config,
    Nodaemon,
    Silent,
    User,
    Umask,
    Directory,
    Logfile,
    LogfileMaxbytes,
    LogfileBackups,
    Loglevel,
    Pidfile,
    Identifier,
    Childlogdir,
    Nocleanup,
    Minfds,
    StripAnsi,
    Minprocs,
    ProfileOptions,
    Configtest,
    Json,
}

/// The options, in the order in which help shows them.
pub const RULES: &[Rule<Id>] = &[
    Rule::valued(
        Id::Config,
        Some('c'),
        &["configuration"],
        "FILENAME",
        "read this configuration file (default: search)",
    ),
    Rule::flag(
        Id::Nodaemon,
        Some('n'),
        &["nodaemon"],
        "stay in the foreground ('nodaemon=true' in the file)",
    ),
    Rule::flag(
        Id::Silent,
        Some('s'),
        &["silent"],
        "in the foreground, no logs on stdout ('silent=true' in the file)",
    ),
    Rule::flag(Id::Help, Some('h'), &["help"], "print this text and exit"),
    Rule::flag(Id::Help, Some('?'), &[], ""),
    Rule::flag(Id::Version, Some('v'), &["version"], "print the version and exit"),
    Rule::valued(Id::User, Some('u'), &["user"], "USER", "run as this user (a name or a number)"),
    Rule::valued(Id::Umask, Some('m'), &["umask"], "UMASK", "umask of the daemon, in octal (default: 022)"),
    Rule::valued(Id::Directory, Some('d'), &["directory"], "DIRECTORY", "working directory of the daemon"),
    Rule::valued(Id::Logfile, Some('l'), &["logfile"], "FILENAME", "use FILENAME as the daemon's own log"),
    Rule::valued(
        Id::LogfileMaxbytes,
        Some('y'),
        &["logfile_maxbytes"],
        "BYTES",
        "begin a new log file at this size",
    ),
    Rule::valued(
        Id::LogfileBackups,
        Some('z'),
        &["logfile_backups"],
        "NUM",
        "keep this many old log files",
    ),
    Rule::valued(
        Id::Loglevel,
        Some('e'),
        &["loglevel"],
        "LEVEL",
        "log at this level (critical, error, warn, info, debug, trace, blather)",
    ),
    Rule::valued(Id::Pidfile, Some('j'), &["pidfile"], "FILENAME", "write the daemon's pid to FILENAME"),
    Rule::valued(
        Id::Identifier,
        Some('i'),
        &["identifier"],
        "STR",
        "the name of this daemon in its API and events",
    ),
    Rule::valued(
        Id::Childlogdir,
        Some('q'),
        &["childlogdir"],
        "DIRECTORY",
        "where the generated logs of programs are kept",
    ),
    Rule::flag(Id::Nocleanup, Some('k'), &["nocleanup"], "keep the generated logs of earlier runs"),
    Rule::valued(
        Id::Minfds,
        Some('a'),
        &["minfds"],
        "NUM",
        "refuse to start with fewer file descriptors than this",
    ),
    Rule::flag(
        Id::StripAnsi,
        Some('t'),
        &["strip_ansi"],
        "remove terminal escape sequences from the logs of programs",
    ),
    Rule::valued(
        Id::Minprocs,
        None,
        &["minprocs"],
        "NUM",
        "refuse to start with fewer processes than this",
    ),
    Rule::valued(Id::ProfileOptions, None, &["profile_options"], "OPTIONS", "accepted and without effect"),
    Rule::flag(
        Id::Configtest,
        None,
        &["configtest"],
        "check the configuration as it would be used with the other options, tell all that is wrong with it, \
         and exit: 0 if nothing is, else 2",
    )
    .in_full(),
    Rule::flag(Id::Json, None, &["json"], "with --configtest: tell the outcome as JSON on stdout").in_full(),
];

/// Reads the arguments (without the program's name). `world` is what paths and users are looked up in.
///
/// # Errors
/// [`UsageError`], worded as Supervisor words it.
pub fn parse(args: &[String], world: &World<'_>) -> Result<Invocation, UsageError> {
    let line = tokenize(RULES, args)?;
    if !line.words.is_empty() {
        return Err(UsageError::Positional(line.words));
    }
    let mut reader = Reader {
        world,
        config: None,
        overrides: Overrides::default(),
        profile: None,
        configtest: false,
        json: false,
    };
    for given in &line.options {
        match given.id {
            Id::Help => return Ok(Invocation::Help),
            Id::Version => return Ok(Invocation::Version),
            _ => reader.take(given)?,
        }
    }
    let (config, overrides, as_json) = (reader.config, Box::new(reader.overrides), reader.json);
    match (reader.configtest, as_json) {
        (true, _) => Ok(Invocation::Test { config, overrides, as_json }),
        (false, false) => Ok(Invocation::Run { config, overrides }),
        (false, true) => Err(UsageError::Without("--json", "--configtest")),
    }
}

/// What has been read so far.
struct Reader<'a> {
    world: &'a World<'a>,
    config: Option<PathBuf>,
    overrides: Overrides,
    /// Accepted and of no effect: there is no profiler.
    profile: Option<()>,
    configtest: bool,
    json: bool,
}

impl Reader<'_> {
    fn take(&mut self, given: &Given<Id>) -> Result<(), UsageError> {
        let (text, world, over) = (given.value.as_str(), self.world, &mut self.overrides);
        match given.id {
            Id::Help | Id::Version => Ok(()),
            Id::Config => given.store(&mut self.config, PathBuf::from(text)),
            Id::Nodaemon => switch_on(given, &mut over.nodaemon),
            Id::Silent => switch_on(given, &mut over.silent),
            Id::Nocleanup => switch_on(given, &mut over.nocleanup),
            Id::StripAnsi => switch_on(given, &mut over.strip_ansi),
            Id::User => given.store(&mut over.user, text.to_owned()),
            Id::Identifier => given.store(&mut over.identifier, text.to_owned()),
            Id::Umask => convert(given, &mut over.umask, value::octal(text)),
            Id::Directory => convert(given, &mut over.directory, value::existing_directory(text, world)),
            Id::Logfile => convert(given, &mut over.logfile, value::main_log(text, world)),
            Id::LogfileMaxbytes => convert(given, &mut over.logfile_maxbytes, value::byte_size(text)),
            Id::LogfileBackups => convert(given, &mut over.logfile_backups, value::integer(text)),
            Id::Loglevel => convert(given, &mut over.loglevel, value::level(text)),
            Id::Pidfile => convert(given, &mut over.pidfile, value::existing_dirpath(text, world)),
            Id::Childlogdir => {
                convert(given, &mut over.childlogdir, value::existing_directory(text, world))
            }
            Id::Minfds => convert(given, &mut over.minfds, value::integer(text)),
            Id::Minprocs => convert(given, &mut over.minprocs, value::integer(text)),
            Id::ProfileOptions => given.store(&mut self.profile, ()),
            Id::Configtest => switch_on(given, &mut self.configtest),
            Id::Json => switch_on(given, &mut self.json),
        }
    }
}

/// Stores a converted value; a value that is no good is reported before a repetition.
fn convert<T>(
    given: &Given<Id>,
    slot: &mut Option<T>,
    converted: Result<T, value::ValueError>,
) -> Result<(), UsageError> {
    given.store(slot, converted.map_err(|reason| given.invalid(reason))?)
}

fn switch_on(given: &Given<Id>, switch: &mut bool) -> Result<(), UsageError> {
    let mut slot = switch.then_some(());
    given.store(&mut slot, ())?;
    *switch = true;
    Ok(())
}

/// The text of `-h`.
#[must_use]
pub fn help(argv0: &str) -> String {
    let options = list(RULES);
    format!(
        "\
supervisord -- run a set of applications as daemons, and keep them running.

Usage: {argv0} [options]

Options:
{options}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use treeherd_config::Accounts;
    use treeherd_domain::account::Account;
    use treeherd_domain::level::Level;
    use treeherd_domain::scale::Programs;
    use treeherd_domain::spec::{Environment, MainLog};

    struct Nobody;

    impl Accounts for Nobody {
        fn user(&self, _: &str) -> Option<Account> {
            None
        }
        fn group(&self, _: &str) -> Option<u32> {
            None
        }
    }

    fn read(line: &str) -> Result<Invocation, String> {
        let world = World {
            environment: Environment::new(),
            cwd: PathBuf::from("/"),
            hostname: "h".to_owned(),
            home: None,
            accounts: &Nobody,
        };
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&args, &world).map_err(|error| error.to_string())
    }

    #[test]
    fn every_option_beats_its_key() {
        let short = "-c f -n -s -u me -m 027 -d / -l /x.log -y 1MB -z 3 -e debug -j /x.pid -i id -q / -k \
                     -a 9 -t --minprocs 8 --profile_options cumulative";
        let long = "--configuration=f --nodaemon --silent --user=me --umask=027 --directory=/ \
                    --logfile=/x.log --logfile_maxbytes=1MB --logfile_backups=3 --loglevel=DEBUG \
                    --pidfile=/x.pid --identifier=id --childlogdir=/ --nocleanup --minfds=9 --strip_ansi \
                    --minprocs=8";
        let expected = Invocation::Run {
            config: Some(PathBuf::from("f")),
            overrides: Box::new(Overrides {
                logfile: Some(MainLog::File(PathBuf::from("/x.log"))),
                logfile_maxbytes: Some(1024 * 1024),
                logfile_backups: Some(3),
                loglevel: Some(Level::Debug),
                pidfile: Some(PathBuf::from("/x.pid")),
                umask: Some(0o027),
                nodaemon: true,
                silent: true,
                minfds: Some(9),
                minprocs: Some(8),
                nocleanup: true,
                childlogdir: Some(PathBuf::from("/")),
                user: Some("me".to_owned()),
                directory: Some(PathBuf::from("/")),
                strip_ansi: true,
                identifier: Some("id".to_owned()),
                programs: Programs::new(),
            }),
        };
        assert_eq!(read(short).as_ref(), Ok(&expected));
        assert_eq!(read(long).as_ref(), Ok(&expected));
        assert_eq!(read(""), Ok(Invocation::Run { config: None, overrides: Box::default() }));
    }

    #[test]
    fn a_test_of_the_configuration_takes_all_other_options_and_no_prefix_of_its_name() {
        let test = |overrides, as_json| {
            let config = Some(PathBuf::from("f"));
            Ok(Invocation::Test { config, overrides: Box::new(overrides), as_json })
        };
        assert_eq!(read("--configtest -c f"), test(Overrides::default(), false));
        let overrides = Overrides { nodaemon: true, ..Overrides::default() };
        assert_eq!(read("-n --config f --json --configtest"), test(overrides, true));
        for line in ["--config f", "--conf f", "--co f", "--configuration f"] {
            let told = read(line).expect("a prefix that Supervisor takes");
            assert!(matches!(told, Invocation::Run { config: Some(_), .. }), "{line}: {told:?}");
        }
        assert_eq!(read("--configt"), Err("option --configt not recognized".to_owned()));
        assert_eq!(read("--json"), Err("option --json is for --configtest only".to_owned()));
    }

    #[test]
    fn usage_errors_are_supervisors() {
        for (line, expected) in [
            ("-Z", "option -Z not recognized"),
            ("--bogus", "option --bogus not recognized"),
            ("--log x", "option --log not a unique prefix"),
            ("-c", "option -c requires argument"),
            ("--logfile", "option --logfile requires argument"),
            ("--silent=1", "option --silent must not have an argument"),
            ("-c a -c b", "conflicting command line option '-c'"),
            ("-n --nodaemon", "conflicting command line option '--nodaemon'"),
            ("-e bogus", "invalid value for -e 'bogus': bad logging level name 'bogus'"),
            ("-z x", "invalid value for -z 'x': invalid literal for int() with base 10: 'x'"),
            ("-m 99", "invalid value for -m '99': 99 can not be converted to an octal type"),
            ("-d /nope", "invalid value for -d '/nope': /nope is not an existing directory"),
            (
                "-l /nope/x",
                "invalid value for -l '/nope/x': The directory named as part of the path /nope/x does not exist",
            ),
            ("foo bar", "positional arguments are not supported: ['foo', 'bar']"),
            ("-n foo", "positional arguments are not supported: ['foo']"),
            ("-h foo", "positional arguments are not supported: ['foo']"),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "{line}");
        }
    }

    #[test]
    fn help_and_version_act_where_they_stand() {
        assert_eq!(read("-h -e bogus"), Ok(Invocation::Help));
        assert_eq!(read("-?"), Ok(Invocation::Help));
        assert_eq!(read("-n --vers -h"), Ok(Invocation::Version));
        assert!(read("-e bogus -h").is_err());
    }

    #[test]
    fn the_help_holds_what_scripts_look_for() {
        let help = help("/opt/supervisord");
        assert!(help.contains("supervisord -- run a set of applications"));
        assert!(help.contains("-l/--logfile FILENAME -- use FILENAME as"));
        assert!(help.contains("Usage: /opt/supervisord [options]"));
    }
}
