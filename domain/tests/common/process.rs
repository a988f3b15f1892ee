//! A process with Supervisor's defaults, for tests that change some of them.

use treeherd_domain::depend::Depend;
use treeherd_domain::hook::ReloadSpec;
use treeherd_domain::name::ProcessName;
use treeherd_domain::rolling::Rules;
use treeherd_domain::seldom::Seldom;
use treeherd_domain::signal::Signal;
use treeherd_domain::spec::{Autorestart, ChildRules, Environment, ProcessSpec, ProcessType};
use treeherd_domain::stream::StreamSpec;

/// A process of this name, whose command is the program of that name.
pub(crate) fn process(name: &str) -> ProcessSpec {
    ProcessSpec {
        name: ProcessName::new(name),
        command: format!("/bin/{name}"),
        priority: 999,
        autostart: true,
        autorestart: Autorestart::Unexpected,
        startsecs: 1,
        startretries: 3,
        exitcodes: vec![0],
        clean_signals: Vec::new(),
        stopsignal: Signal::TERM,
        stopwaitsecs: 10,
        stopasgroup: false,
        killasgroup: false,
        user: None,
        umask: None,
        directory: None,
        environment: Environment::new(),
        serverurl: None,
        redirect_stderr: false,
        stdout: StreamSpec::default(),
        stderr: StreamSpec::default(),
        pipe_size: None,
        health: Seldom::default(),
        kind: ProcessType::Simple,
        essential: false,
        restart: Seldom::default(),
        rolling: Rules::default(),
        socket: None,
        sockets: Vec::new(),
        stop: Seldom::default(),
        reload: ReloadSpec::default(),
        hooks: Seldom::default(),
        depend: Depend::default(),
        child: ChildRules::default(),
    }
}
