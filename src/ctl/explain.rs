//! What to say when the daemon cannot be asked: the line that Supervisor prints, then what it means.
//!
//! ```text
//! stdout   error: <class 'PermissionError'>, [Errno 13] Permission denied: file: unix:///run/s.sock line: 0
//! stderr   supervisorctl: the socket /run/s.sock may not be opened by us
//!            address:  serverurl in /etc/supervisord.conf
//!            socket:   mode 0700, owner uid 0 (root), group gid 0 (root); we are uid 1000 (ada)
//!            next:     ...
//! ```
//!
//! Scripts look for the first; people read the second. What can be known of the system is gathered in
//! [`Scene`], so that the wording is a pure function of it.

use crate::ctl::server::{Origin, Problem, Server};
use nix::unistd::{Gid, Group, Uid, User, access};
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use treeherd_domain::quote::repr;
use treeherd_rpc::client::ConnectError;

/// `error: <type>, <text>: file: <where> line: <n>`: the line for whatever is unexpected.
#[must_use]
pub fn generic_line(problem: &Problem, url: &str) -> String {
    let (class, text) = match problem {
        Problem::Fault(fault) => (
            "xmlrpc.client.Fault",
            format!("<Fault {}: {}>", fault.fault.unwrap_or(30), repr(&fault.message)),
        ),
        Problem::Address(text) => ("ValueError", text.clone()),
        Problem::Broken(text) => ("xmlrpc.client.ResponseError", text.clone()),
        Problem::Input(error) if error.kind() == ErrorKind::UnexpectedEof => {
            ("EOFError", "EOF when reading a line".to_owned())
        }
        Problem::Input(error) => ("OSError", error.to_string()),
        Problem::Connect(error) => class_of(error),
    };
    format!("error: <class '{class}'>, {text}: file: {url} line: 0")
}

fn class_of(error: &ConnectError) -> (&'static str, String) {
    match error {
        ConnectError::Refused { .. } => {
            ("ConnectionRefusedError", "[Errno 111] Connection refused".to_owned())
        }
        ConnectError::NoSuchSocket { .. } => {
            ("FileNotFoundError", "[Errno 2] No such file or directory".to_owned())
        }
        ConnectError::PermissionDenied { .. } => {
            ("PermissionError", "[Errno 13] Permission denied".to_owned())
        }
        ConnectError::Timeout { after, .. } => ("TimeoutError", format!("no answer within {after:?}")),
        ConnectError::Unauthorized { .. } => ("xmlrpc.client.ProtocolError", "401 Unauthorized".to_owned()),
        ConnectError::Busy { .. } => ("xmlrpc.client.ProtocolError", "503 Service Unavailable".to_owned()),
        ConnectError::XmlRpcOnly { answer, .. } | ConnectError::NotOurs { answer, .. } => {
            ("xmlrpc.client.ProtocolError", answer.clone())
        }
        ConnectError::Other { message, .. } => ("OSError", message.clone()),
    }
}

/// What can be known of the two ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scene {
    /// The address.
    pub url: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The user name we came with.
    pub username: Option<String>,
    /// What is found at the socket's path, for a unix socket.
    pub socket: Option<Found>,
    /// Who we are: `uid 1000 (ada)`.
    pub we: String,
}

/// What is found at a socket's path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// This directory on the way cannot be searched by us: its path, and mode and owner.
    Barred(String, String),
    /// Something that is no socket.
    NoSocket,
    /// A socket: mode and owner.
    Socket(String),
}

impl Scene {
    /// Looks around.
    #[must_use]
    pub fn look(server: &Server) -> Self {
        let uid = Uid::effective();
        Self {
            url: server.url().to_owned(),
            origin: server.origin().clone(),
            username: server.credentials().map(|c| c.username.clone()),
            socket: server.url().strip_prefix("unix://").map(|path| find(Path::new(path))),
            we: named("uid", uid.as_raw(), User::from_uid(uid).ok().flatten().map(|user| user.name)),
        }
    }
}

fn find(path: &Path) -> Found {
    let barred = path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty()).find(|dir| {
        std::fs::metadata(dir).is_ok() && access(*dir, nix::unistd::AccessFlags::X_OK).is_err()
    });
    if let Some(dir) = barred {
        return Found::Barred(dir.display().to_string(), ownership(dir));
    }
    match std::fs::metadata(path) {
        Err(_) => Found::Nothing,
        Ok(found) if found.file_type().is_socket() => Found::Socket(ownership(path)),
        Ok(_) => Found::NoSocket,
    }
}

/// `mode 0700, owner uid 0 (root), group gid 0 (root)`.
fn ownership(path: &Path) -> String {
    let Ok(found) = std::fs::metadata(path) else { return "mode unknown".to_owned() };
    let user = User::from_uid(Uid::from_raw(found.uid())).ok().flatten().map(|user| user.name);
    let group = Group::from_gid(Gid::from_raw(found.gid())).ok().flatten().map(|group| group.name);
    let (user, group) = (named("uid", found.uid(), user), named("gid", found.gid(), group));
    format!("mode {:04o}, owner {user}, group {group}", found.mode() & 0o7777)
}

fn named(kind: &str, id: u32, name: Option<String>) -> String {
    name.map_or_else(|| format!("{kind} {id}"), |name| format!("{kind} {id} ({name})"))
}

/// What a problem means and what to do next, for stderr; empty if Supervisor's line says it all.
#[must_use]
pub fn explain(problem: &Problem, scene: &Scene) -> String {
    match problem {
        Problem::Connect(error) => connection(error, scene),
        Problem::Address(_) => Note::new("the address of the daemon cannot be used")
            .row("address", &address(scene))
            .row("next", "write unix:///path/to/supervisor.sock or http://host:port")
            .done(),
        Problem::Fault(fault) => match fault.detail("report") {
            Some(report) => format!("{}\n", report.trim_end()),
            None => String::new(),
        },
        Problem::Broken(_) | Problem::Input(_) => String::new(),
    }
}

fn connection(error: &ConnectError, scene: &Scene) -> String {
    match error {
        ConnectError::NoSuchSocket { .. } => {
            Note::new("there is no socket at that path, so no supervisord listens there")
        }
        ConnectError::Refused { .. } if scene.socket.is_some() => {
            Note::new("the socket is there, but no supervisord listens on it any more")
        }
        ConnectError::Refused { .. } => Note::new("no supervisord listens at that address"),
        ConnectError::PermissionDenied { .. } => {
            Note::new("we may not open the daemon's socket").row("we are", &scene.we)
        }
        ConnectError::Unauthorized { .. } => Note::new(match scene.username {
            Some(_) => "the daemon does not accept this user name and password",
            None => "the daemon asks for a user name and a password, and we have none",
        }),
        ConnectError::XmlRpcOnly { answer, .. } => {
            Note::new("the supervisord there is the one written in Python, which cannot do this")
                .row("answer", answer)
        }
        ConnectError::NotOurs { .. } => Note::new("something answers there that is not our supervisord")
            .row("answer", &error.to_string()),
        ConnectError::Busy { .. } => Note::new("the daemon has more connections than it allows"),
        ConnectError::Timeout { .. } => {
            Note::new("the daemon did not answer; it may be stopped or overloaded")
        }
        ConnectError::Other { message, .. } => {
            Note::new("the daemon cannot be reached").row("cause", message)
        }
    }
    .row("address", &address(scene))
    .found(scene.socket.as_ref())
    .row("next", &next(error, scene))
    .done()
}

fn address(scene: &Scene) -> String {
    let url = &scene.url;
    match &scene.origin {
        Origin::Option => format!("{url}, from -s on the command line"),
        Origin::File(file) => format!("{url}, from serverurl in {}", file.display()),
        Origin::DefaultIn(file) => format!("{url}, the default: {} has no serverurl", file.display()),
        Origin::Default => format!("{url}, the default: no configuration file was found"),
        Origin::Open => format!("{url}, given to open"),
    }
}

fn next(error: &ConnectError, scene: &Scene) -> String {
    let start = match &scene.origin {
        Origin::File(file) | Origin::DefaultIn(file) => {
            format!("start it (supervisord -c {}), or correct the address", file.display())
        }
        Origin::Default => {
            "name the daemon's configuration file with -c, or its address with -s".to_owned()
        }
        Origin::Option | Origin::Open => "start the daemon, or correct the address".to_owned(),
    };
    match error {
        ConnectError::NoSuchSocket { .. } | ConnectError::Refused { .. } => start,
        ConnectError::PermissionDenied { .. } => {
            "run it as the owner (sudo supervisorctl ...), or let a group in: \
             chown=root:thegroup and chmod=0770 in [unix_http_server], then restart the daemon"
                .to_owned()
        }
        ConnectError::Unauthorized { .. } => {
            "give the username and password of the server's section: -u and -p, \
             or username= and password= in [supervisorctl]"
                .to_owned()
        }
        ConnectError::XmlRpcOnly { .. } => {
            "use Supervisor's own actions there, status --json and --check, and wait; plan, events and update \
             --per-process need our daemon"
                .to_owned()
        }
        ConnectError::NotOurs { .. } => "correct the address".to_owned(),
        ConnectError::Busy { .. } | ConnectError::Timeout { .. } => "try again later".to_owned(),
        ConnectError::Other { .. } => "correct the address, or look at the network".to_owned(),
    }
}

/// A headline and its indented rows.
struct Note(String);

impl Note {
    fn new(headline: &str) -> Self {
        Self(format!("supervisorctl: {headline}\n"))
    }

    fn row(mut self, label: &str, text: &str) -> Self {
        writeln!(self.0, "  {:<9}{text}", format!("{label}:")).expect("writing to a String cannot fail");
        self
    }

    fn found(self, found: Option<&Found>) -> Self {
        match found {
            None | Some(Found::Nothing) => self,
            Some(Found::NoSocket) => self.row("socket", "what is at that path is no socket"),
            Some(Found::Socket(ownership)) => self.row("socket", ownership),
            Some(Found::Barred(dir, ownership)) => {
                self.row("barred", &format!("the directory {dir} cannot be searched: {ownership}"))
            }
        }
    }

    fn done(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use std::path::PathBuf;
    use treeherd_rpc::client::Target;
    use treeherd_rpc::code::{RemoteFault, row_error};

    fn scene(url: &str, socket: Option<Found>) -> Scene {
        let origin = Origin::File(PathBuf::from("/etc/supervisord.conf"));
        Scene { url: url.to_owned(), origin, username: None, socket, we: "uid 1000 (ada)".to_owned() }
    }

    fn check(error: ConnectError, scene: &Scene, expected: &Expect) {
        let problem = Problem::Connect(error);
        expected.assert_eq(&format!(
            "{}\n{}",
            generic_line(&problem, &scene.url),
            explain(&problem, scene)
        ));
    }

    #[test]
    fn a_missing_socket_is_explained() {
        check(
            ConnectError::NoSuchSocket { path: "/run/s.sock".into() },
            &scene("unix:///run/s.sock", Some(Found::Nothing)),
            &expect![[r#"
                error: <class 'FileNotFoundError'>, [Errno 2] No such file or directory: file: unix:///run/s.sock line: 0
                supervisorctl: there is no socket at that path, so no supervisord listens there
                  address: unix:///run/s.sock, from serverurl in /etc/supervisord.conf
                  next:    start it (supervisord -c /etc/supervisord.conf), or correct the address
            "#]],
        );
    }

    #[test]
    fn a_forbidden_socket_is_explained() {
        let found = Found::Socket("mode 0700, owner uid 0 (root), group gid 0 (root)".to_owned());
        let denied = ConnectError::PermissionDenied {
            path: "/run/s.sock".into(),
            mode: Some(0o700),
            owner_uid: Some(0),
            our_uid: Some(1000),
        };
        check(
            denied,
            &scene("unix:///run/s.sock", Some(found)),
            &expect![[r#"
                error: <class 'PermissionError'>, [Errno 13] Permission denied: file: unix:///run/s.sock line: 0
                supervisorctl: we may not open the daemon's socket
                  we are:  uid 1000 (ada)
                  address: unix:///run/s.sock, from serverurl in /etc/supervisord.conf
                  socket:  mode 0700, owner uid 0 (root), group gid 0 (root)
                  next:    run it as the owner (sudo supervisorctl ...), or let a group in: chown=root:thegroup and chmod=0770 in [unix_http_server], then restart the daemon
            "#]],
        );
    }

    #[test]
    fn a_python_supervisord_is_recognised() {
        let target = Target::parse("http://localhost:9001").expect("a good address");
        let answer = "it has no config.plan".to_owned();
        check(
            ConnectError::XmlRpcOnly { target, answer },
            &scene("http://localhost:9001", None),
            &expect![[r#"
                error: <class 'xmlrpc.client.ProtocolError'>, it has no config.plan: file: http://localhost:9001 line: 0
                supervisorctl: the supervisord there is the one written in Python, which cannot do this
                  answer:  it has no config.plan
                  address: http://localhost:9001, from serverurl in /etc/supervisord.conf
                  next:    use Supervisor's own actions there, status --json and --check, and wait; plan, events and update --per-process need our daemon
            "#]],
        );
    }

    #[test]
    fn faults_are_shown_as_python_shows_them_and_reports_in_full() {
        let fault = treeherd_domain::fault::Fault::CantReread {
            message: "it's wrong".to_owned(),
            report: "error: it's wrong\n --> /etc/s.conf:3\n".to_owned(),
        };
        let problem = Problem::Fault(Box::new(RemoteFault::from(row_error(&fault))));
        let line = generic_line(&problem, "http://h:1");
        assert_eq!(
            line,
            "error: <class 'xmlrpc.client.Fault'>, <Fault 92: \"CANT_REREAD: it's wrong\">: file: http://h:1 line: 0"
        );
        assert_eq!(
            explain(&problem, &scene("http://h:1", None)),
            "error: it's wrong\n --> /etc/s.conf:3\n"
        );
    }

    #[test]
    fn what_is_at_a_path_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(find(&dir.path().join("none")), Found::Nothing);
        assert_eq!(find(dir.path()), Found::NoSocket);
        let path = dir.path().join("s.sock");
        let _listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        assert!(matches!(find(&path), Found::Socket(text) if text.starts_with("mode 0")));
    }
}
