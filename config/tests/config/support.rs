//! A world of files and users that the tests make up, and specs as text.

use std::fmt::Write as _;
use std::path::Path;
use tempfile::TempDir;
use treeherd_config::{Accounts, CtlConfig, Overrides, Report, World, load, load_ctl};
use treeherd_domain::account::Account;
use treeherd_domain::duration::Shown;
use treeherd_domain::endpoint::Address;
use treeherd_domain::restart::RestartPolicy;
use treeherd_domain::spec::{Config, Environment, GroupKind, ProcessSpec};
use treeherd_domain::stream::Stream;

struct Fake;

impl Accounts for Fake {
    fn user(&self, name_or_uid: &str) -> Option<Account> {
        let (name, uid) = match name_or_uid {
            "root" | "0" => ("root", 0),
            "chrism" | "1000" => ("chrism", 1000),
            _ => return None,
        };
        let home = format!("/home/{name}");
        Some(Account { name: name.to_owned(), uid, gid: uid, groups: vec![uid], home })
    }

    fn group(&self, name_or_gid: &str) -> Option<u32> {
        matches!(name_or_gid, "www" | "33").then_some(33)
    }
}

/// A directory with configuration files, and an environment.
pub(crate) struct Site {
    dir: TempDir,
    environment: Environment,
    pub(crate) overrides: Overrides,
}

impl Site {
    /// With this text as `s.conf`.
    pub(crate) fn new(text: &str) -> Self {
        let site = Self {
            dir: tempfile::tempdir().unwrap(),
            environment: [("HOST", "example"), ("PERCENT", "foo_%s_%%_bar")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            overrides: Overrides::default(),
        };
        site.write("s.conf", text);
        site
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// The directory, without links in it.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn world<R>(&self, act: impl FnOnce(&World<'_>) -> R) -> R {
        act(&World {
            environment: self.environment.clone(),
            cwd: self.path().to_owned(),
            hostname: "node1".to_owned(),
            home: Some("/home/me".into()),
            accounts: &Fake,
        })
    }

    pub(crate) fn load(&self) -> Result<Config, Report> {
        self.world(|world| load(Path::new("s.conf"), &self.overrides, world))
    }

    pub(crate) fn load_ctl(&self) -> Result<CtlConfig, Report> {
        self.world(|world| load_ctl(Path::new("s.conf"), world))
    }

    /// Text without the name of the temporary directory.
    pub(crate) fn tidy(&self, text: &str) -> String {
        text.replace(&*self.path().to_string_lossy(), "DIR")
    }

    /// What was loaded, as text.
    pub(crate) fn shown(&self) -> String {
        match self.load() {
            Ok(config) => self.tidy(&render(&config)),
            Err(report) => panic!("{report}"),
        }
    }

    /// The report, as text.
    pub(crate) fn report(&self) -> String {
        match self.load() {
            Ok(config) => panic!("this is no error: {config:?}"),
            Err(report) => self.tidy(&format!("{report}\n")),
        }
    }

    /// The words that Supervisor would have had.
    pub(crate) fn first(&self) -> String {
        self.tidy(self.load().unwrap_err().first().message())
    }
}

/// The `command` of the one program `p`, of which these are the lines.
#[track_caller]
pub(crate) fn command_of(lines: &str) -> String {
    let config = Site::new(&format!("[supervisord]\n[program:p]\n{lines}")).load();
    let config = config.unwrap_or_else(|report| panic!("{report}"));
    config.groups[0].processes[0].command.clone()
}

/// The first error of a whole file.
#[track_caller]
pub(crate) fn first_error(text: &str) -> String {
    Site::new(text).first()
}

/// All that differs from the defaults, one key a line.
pub(crate) fn render(config: &Config) -> String {
    let mut out = String::new();
    for endpoint in &config.endpoints {
        write!(out, "[{}] {}", endpoint.section, endpoint.address).unwrap();
        if let Address::Unix { chmod, chown, .. } = &endpoint.address {
            write!(out, " chmod {chmod:o} chown {chown:?}").unwrap();
        }
        if let Some(credentials) = &endpoint.credentials {
            write!(out, " as {} with {}", credentials.username, credentials.password).unwrap();
        }
        out.push('\n');
    }
    for interface in &config.rpcinterfaces {
        writeln!(out, "rpcinterface {}", interface.namespace).unwrap();
    }
    for group in &config.groups {
        let kind = match &group.kind {
            GroupKind::Group => "group",
            GroupKind::Program => "program",
            GroupKind::Fcgi => "fcgi-program",
            GroupKind::Template(_) => "template",
            GroupKind::Listener(_) => "eventlistener",
            GroupKind::Subscriber(_) => "subscriber",
        };
        writeln!(out, "{kind} {} priority {}", group.name, group.priority).unwrap();
        if let GroupKind::Listener(spec) = &group.kind {
            let (events, size, answer) =
                (spec.events.names().join(","), spec.buffer_size, spec.protocol_error);
            writeln!(out, "  events {events} buffer_size {size} protocol_error {answer}").unwrap();
        }
        if let GroupKind::Subscriber(spec) = &group.kind {
            let (events, size) = (spec.events.names().join(","), spec.buffer_size);
            writeln!(out, "  events {events} buffer_size {size}").unwrap();
        }
        group.processes.iter().for_each(|process| render_process(&mut out, process));
    }
    for notice in &config.notices {
        writeln!(out, "{} {}", notice.level.code(), notice.message).unwrap();
    }
    out
}

fn render_process(out: &mut String, p: &ProcessSpec) {
    writeln!(out, "  process {}: {:?}", p.name, p.command).unwrap();
    let mut key = |name: &str, value: String, default: &str| {
        if value != default {
            writeln!(out, "    {name} {value}").unwrap();
        }
    };
    key("priority", p.priority.to_string(), "999");
    key("autostart", p.autostart.to_string(), "true");
    key("autorestart", format!("{:?}", p.autorestart), "Unexpected");
    key("startsecs", p.startsecs.to_string(), "1");
    key("startretries", p.startretries.to_string(), "3");
    key("exitcodes", format!("{:?}", p.exitcodes), "[0]");
    let clean: Vec<String> = p.clean_signals.iter().map(ToString::to_string).collect();
    key("clean_signals", clean.join(", "), "");
    key("stopsignal", p.stopsignal.to_string(), "SIGTERM");
    key("stopwaitsecs", p.stopwaitsecs.to_string(), "10");
    key("stopsequence", p.stop.sequence.as_ref().map_or("none".to_owned(), ToString::to_string), "none");
    key("reload_signal", p.reload.signal.map_or("none".to_owned(), |signal| signal.to_string()), "none");
    key("reload_command", format!("{:?}", p.reload.command), "None");
    key("stop_command", format!("{:?}", p.stop.command), "None");
    key("pre_start", format!("{:?}", p.hooks.pre_start), "None");
    key("post_start", format!("{:?}", p.hooks.post_start), "None");
    key("pre_stop", format!("{:?}", p.hooks.pre_stop), "None");
    key("post_stop", format!("{:?}", p.hooks.post_stop), "None");
    key("hook_timeout", Shown(p.hooks.timeout).to_string(), "30s");
    key("stopasgroup", p.stopasgroup.to_string(), "false");
    key("killasgroup", p.killasgroup.to_string(), "false");
    key("user", format!("{:?}", p.user.as_ref().map(|user| user.uid)), "None");
    key("umask", format!("{:?}", p.umask.map(|mask| format!("{mask:03o}"))), "None");
    key("directory", format!("{:?}", p.directory), "None");
    key("environment", format!("{:?}", p.environment), "{}");
    key("serverurl", format!("{:?}", p.serverurl), "None");
    key("redirect_stderr", p.redirect_stderr.to_string(), "false");
    key("pipe_size", format!("{:?}", p.pipe_size), "None");
    key("type", p.kind.as_str().to_owned(), "simple");
    key("essential", p.essential.to_string(), "false");
    key("restart", format!("{:?}", p.restart), &format!("{:?}", RestartPolicy::default()));
    key("socket", p.socket.as_ref().map_or("none".to_owned(), ToString::to_string), "none");
    let sockets: Vec<String> = p.sockets.iter().map(|s| format!("{} {}", s.name, s.spec)).collect();
    key("sockets", sockets.join(", "), "");
    let requires: Vec<String> = p.depend.requires.iter().map(ToString::to_string).collect();
    key("requires", requires.join(", "), "");
    key("requires_restart", p.depend.on_loss.to_string(), "none");
    for stream in Stream::BOTH {
        let spec = p.stream(stream);
        let mut key =
            |name: &str, value: String, default: &str| key(&format!("{stream}_{name}"), value, default);
        key("logfile", spec.logfile.to_string(), "AUTO");
        key("logfile_maxbytes", spec.rotation.maxbytes.to_string(), "52428800");
        key("logfile_backups", spec.rotation.backups.to_string(), "10");
        key("capture_maxbytes", spec.capture_maxbytes.to_string(), "0");
        key("events_enabled", spec.events_enabled.to_string(), "false");
        key("syslog", spec.syslog.to_string(), "false");
    }
}
