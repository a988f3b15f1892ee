//! The control endpoints, and the client that is to reach them.

use super::{Example, Found, Rule, Severity};
use crate::doctor::edit::Edit;
use crate::doctor::patient::{Patient, Section};
use crate::path::{expand_user, normalize};
use crate::value;
use std::path::Path;
use treeherd_domain::endpoint::Address;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "open-to-the-network",
        severity: Severity::Warning,
        summary: "an endpoint on the network without a password",
        reason: "whoever reaches the port can start and stop programs, read their logs, and write to their input: \
                 machines have been taken over this way",
        fix: "write port=127.0.0.1:PORT, or set username and password; better, use a unix socket",
        is_fixable: false,
        example: Example {
            bad: "[inet_http_server]\nport=*:9001\n[supervisorctl]\nserverurl=http://localhost:9001\n",
            good: "[inet_http_server]\nport=127.0.0.1:9001\n[supervisorctl]\nserverurl=http://localhost:9001\n",
        },
        find: |patient| Patient::each(patient.of_kind("inet_http_server"), open_to_the_network),
    },
    Rule {
        id: "password-in-clear",
        severity: Severity::Hint,
        summary: "a password in clear text",
        reason: "whoever can read the file, a backup of it or a repository with it has the password",
        fix: "write {SHA} and the SHA-1 of it in hexadecimal: printf %s PASSWORD | sha1sum",
        is_fixable: false,
        example: Example {
            bad: "[inet_http_server]\nport=127.0.0.1:9001\nusername=me\npassword=secret\n[supervisorctl]\n\
                  serverurl=http://127.0.0.1:9001\n",
            good: "[inet_http_server]\nport=127.0.0.1:9001\nusername=me\n\
                   password={SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4\n[supervisorctl]\n\
                   serverurl=http://127.0.0.1:9001\n",
        },
        find: |patient| Patient::each(patient.servers(), password_in_clear),
    },
    Rule {
        id: "socket-for-everybody",
        severity: Severity::Warning,
        summary: "a unix socket that everybody may write to",
        reason: "every user of the machine can start and stop programs, as root if the daemon is",
        fix: "write chmod=0770, and chown=root:GROUP for those who shall control it",
        is_fixable: true,
        example: Example {
            bad: "[unix_http_server]\nfile=%(here)s/s.sock\nchmod=0777\n[supervisorctl]\n\
                  serverurl=unix://%(here)s/s.sock\n",
            good: "[unix_http_server]\nfile=%(here)s/s.sock\nchmod=0770\n[supervisorctl]\n\
                   serverurl=unix://%(here)s/s.sock\n",
        },
        find: |patient| Patient::each(patient.of_kind("unix_http_server"), socket_for_everybody),
    },
    Rule {
        id: "interface-missing",
        severity: Severity::Warning,
        summary: "an endpoint without [rpcinterface:supervisor]",
        reason: "without that section the methods do not exist that supervisorctl uses: the daemon runs, and nobody \
                 can control it",
        fix: "add the section",
        is_fixable: true,
        example: Example {
            bad: "[rpcinterface:other]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
            good: "[rpcinterface:supervisor]\n\
                   supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
        },
        find: interface_missing,
    },
    Rule {
        id: "client-section-missing",
        severity: Severity::Warning,
        summary: "no [supervisorctl] in the main file",
        reason: "supervisorctl reads the main file alone, without what it includes, and refuses one that has no such \
                 section",
        fix: "add the section to the main file, with the address of an endpoint",
        is_fixable: true,
        example: Example {
            bad: "[unix_http_server]\nfile=%(here)s/s.sock\n",
            good: "[unix_http_server]\nfile=%(here)s/s.sock\n[supervisorctl]\nserverurl=unix://%(here)s/s.sock\n",
        },
        find: client_section_missing,
    },
    Rule {
        id: "client-elsewhere",
        severity: Severity::Warning,
        summary: "serverurl names no endpoint of this file",
        reason: "supervisorctl asks at an address where this daemon does not listen: it reaches nobody, or another \
                 daemon",
        fix: "write the address of an endpoint of this file",
        is_fixable: true,
        example: Example {
            bad: "[unix_http_server]\nfile=%(here)s/s.sock\n[supervisorctl]\nserverurl=unix://%(here)s/other.sock\n",
            good: "[unix_http_server]\nfile=%(here)s/s.sock\n[supervisorctl]\nserverurl=unix://%(here)s/s.sock\n",
        },
        find: client_elsewhere,
    },
    Rule {
        id: "no-endpoint",
        severity: Severity::Hint,
        summary: "no endpoint at all",
        reason: "nobody can ask or control the daemon, and update cannot be told to it; only signals reach it",
        fix: "add [unix_http_server], [rpcinterface:supervisor] and [supervisorctl]",
        is_fixable: false,
        example: Example {
            bad: "[supervisord]\nuser=root\n[supervisorctl]\nserverurl=http://localhost:9001\n",
            good: "[unix_http_server]\nfile=%(here)s/s.sock\n[supervisorctl]\nserverurl=unix://%(here)s/s.sock\n",
        },
        find: no_endpoint,
    },
    Rule {
        id: "socket-unused",
        severity: Severity::Warning,
        summary: "a [socket:x] that no program inherits",
        reason: "a socket is made for the programs that name it in sockets; one that none names is not made, and nobody \
                 listens there",
        fix: "write sockets = x into the program, or take the section out",
        is_fixable: false,
        example: Example {
            bad: "[socket:web]\nsocket=tcp://127.0.0.1:8080\n[program:web]\ncommand=/bin/cat\n",
            good: "[socket:web]\nsocket=tcp://127.0.0.1:8080\n[program:web]\ncommand=/bin/cat\nsockets=web\n",
        },
        find: socket_unused,
    },
    Rule {
        id: "plugin-in-python",
        severity: Severity::Warning,
        summary: "a plug-in written in Python",
        reason: "factories and handlers name Python objects, which are not run here: an rpcinterface is refused, a \
                 ctlplugin is ignored, a result_handler is refused",
        fix: "do without it, or keep Supervisor for this daemon",
        is_fixable: false,
        example: Example {
            bad: "[ctlplugin:fast]\nsupervisor.ctl_factory=fast.plugin:make_plugin\n",
            good: "[program:web]\ncommand=/bin/cat\n",
        },
        find: plugin_in_python,
    },
];

const FACTORY: &str = "supervisor.rpcinterface:make_main_rpcinterface";

fn open_to_the_network(section: Section<'_>) -> Option<Found> {
    let port = section.text("port")?;
    let (host, _) = value::inet_address(port).ok()?;
    let is_local = host == "localhost" || host.starts_with("127.") || host == "::1" || host == "[::1]";
    let message = format!("{} port={port} is open to all without a password", section.title());
    (!is_local && !section.has("username")).then(|| section.found("port", message))
}

fn socket_unused(patient: &Patient<'_>) -> Vec<Found> {
    let Some(config) = patient.config else { return Vec::new() };
    let used: Vec<_> = config.groups.iter().flat_map(|group| group.sockets()).collect();
    let find = |section: Section<'_>| {
        let is_used = used.iter().any(|socket| socket.name == section.name());
        let message = format!("{} is in no program's sockets", section.title());
        (!is_used).then(|| section.found("socket", message))
    };
    Patient::each(patient.of_kind("socket:"), find)
}

fn password_in_clear(section: Section<'_>) -> Option<Found> {
    let password = section.text("password")?;
    let message = format!("{} has its password in clear text", section.title());
    (!password.starts_with("{SHA}") && !password.contains("%(")).then(|| section.found("password", message))
}

fn socket_for_everybody(section: Section<'_>) -> Option<Found> {
    let mode = value::octal(section.text("chmod")?).ok()?;
    let message = format!("{} everybody may write to the socket", section.title());
    let closed = format!("{:04o}", mode & 0o770);
    (mode & 0o002 != 0 && !section.has("username"))
        .then(|| section.found("chmod", message).edit(section.set("chmod", &closed, "chmod")))
}

fn interface_missing(patient: &Patient<'_>) -> Vec<Found> {
    let Some(server) = patient.servers().next() else { return Vec::new() };
    if patient.section("rpcinterface:supervisor").is_some() {
        return Vec::new();
    }
    let message = "there is no [rpcinterface:supervisor]".to_owned();
    let key = format!("supervisor.rpcinterface_factory = {FACTORY}");
    let lines = ["", "[rpcinterface:supervisor]", &key];
    vec![Found::new(server.raw.span, message).edit([Edit::append(patient.raw, 0, &lines)])]
}

/// What a client is to call an endpoint.
fn url(section: Section<'_>) -> Option<String> {
    match section.text("port") {
        Some(port) => {
            let (host, port) = value::inet_address(port).ok()?;
            let host = if host.is_empty() || host == "0.0.0.0" { "localhost" } else { &host };
            Some(format!("http://{host}:{port}"))
        }
        None => section.text("file").map(|file| format!("unix://{file}")),
    }
}

fn client_section_missing(patient: &Patient<'_>) -> Vec<Found> {
    let Some(server) = patient.servers().next() else { return Vec::new() };
    let in_main = |name: &str| {
        let headers = &patient.trace().headers;
        headers.iter().any(|header| header.span.file == 0 && header.name == name)
    };
    if in_main("supervisorctl") {
        return Vec::new();
    }
    let message = "the main file has no [supervisorctl]".to_owned();
    // %(here)s in an included file is the directory of that file
    let url = url(server).filter(|url| server.raw.span.file == 0 || !url.contains("%(here)"));
    let edit = url.map(|url| {
        let key = format!("serverurl = {url}");
        Edit::append(patient.raw, 0, &["", "[supervisorctl]", &key])
    });
    vec![Found::new(server.raw.span, message).edit(edit)]
}

fn client_elsewhere(patient: &Patient<'_>) -> Vec<Found> {
    let (Some(config), Some(client)) = (patient.config, patient.section("supervisorctl")) else {
        return Vec::new();
    };
    let named = client.expanded("serverurl").unwrap_or_else(|| "http://localhost:9001".to_owned());
    let is_there = config.endpoints.iter().any(|endpoint| is_at(patient, &endpoint.address, named.trim()));
    if is_there || config.endpoints.is_empty() {
        return Vec::new();
    }
    let server = patient.servers().next().filter(|server| server.raw.span.file == 0);
    let edit = server.and_then(url).and_then(|url| client.set("serverurl", &url, "serverurl"));
    vec![client.found("serverurl", format!("[supervisorctl] nobody listens at {named}")).edit(edit)]
}

/// Whether a client that calls this address reaches the endpoint.
fn is_at(patient: &Patient<'_>, address: &Address, url: &str) -> bool {
    match address {
        Address::Unix { file, .. } => url.strip_prefix("unix://").is_some_and(|path| {
            let path = expand_user(path, patient.world);
            normalize(Path::new(&path), &patient.world.cwd) == *file
        }),
        Address::Inet { host, port } => {
            let Some(rest) = url.strip_prefix("http://") else { return false };
            let rest = rest.trim_end_matches('/');
            let (named, number) = rest.rsplit_once(':').unwrap_or((rest, "80"));
            let everywhere = host.is_empty() || host == "0.0.0.0";
            let local = |host: &str| host == "localhost" || host.starts_with("127.");
            let same = named == host || everywhere || local(named) && local(host);
            number == port.to_string() && same
        }
    }
}

fn no_endpoint(patient: &Patient<'_>) -> Vec<Found> {
    let Some(daemon) = patient.section("supervisord") else { return Vec::new() };
    let message = "there is neither [unix_http_server] nor [inet_http_server]".to_owned();
    let is_alone = patient.servers().next().is_none();
    is_alone.then(|| Found::new(daemon.raw.span, message)).into_iter().collect()
}

fn plugin_in_python(patient: &Patient<'_>) -> Vec<Found> {
    let keys = [
        ("rpcinterface:", "supervisor.rpcinterface_factory", FACTORY),
        ("ctlplugin:", "supervisor.ctl_factory", ""),
        ("eventlistener:", "result_handler", "supervisor.dispatchers:default_handler"),
    ];
    let find = |(kind, key, own): (&'static str, &'static str, &'static str)| -> Vec<Found> {
        let one = |section: Section<'_>| {
            let named = section.text(key).filter(|text| text.trim() != own)?;
            Some(section.found(key, format!("{} {named} is Python", section.title())))
        };
        Patient::each(patient.of_kind(kind), one)
    };
    keys.into_iter().flat_map(find).collect()
}
