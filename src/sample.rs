//! The sample configuration that `echo_supervisord_conf` prints: every section and key with its default.

/// The text.
pub const CONF: &str = include_str!("sample.conf");

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use treeherd_config::{Accounts, Overrides, World, load, load_ctl};
    use treeherd_domain::account::Account;
    use treeherd_domain::spec::{Config, Environment};

    /// Knows everybody.
    struct Everybody;

    impl Accounts for Everybody {
        fn user(&self, name: &str) -> Option<Account> {
            Some(Account { name: name.to_owned(), uid: 7, gid: 7, groups: vec![7], home: "/".to_owned() })
        }
        fn group(&self, _: &str) -> Option<u32> {
            Some(7)
        }
    }

    fn read(text: &str) -> (Config, String) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("supervisord.conf");
        std::fs::write(&file, text).expect("a file");
        let world = World {
            environment: Environment::new(),
            cwd: dir.path().to_owned(),
            hostname: "host".to_owned(),
            home: Some(PathBuf::from("/home/me")),
            accounts: &Everybody,
        };
        let config = load(&file, &Overrides::default(), &world).unwrap_or_else(|report| panic!("{report}"));
        let ctl = load_ctl(&file, &world).unwrap_or_else(|report| panic!("{report}"));
        (config, ctl.serverurl)
    }

    #[test]
    fn the_sample_is_a_configuration_as_it_stands() {
        let (config, serverurl) = read(CONF);
        assert_eq!(config.endpoints.len(), 1);
        assert_eq!(config.endpoints[0].address.to_string(), "unix:///tmp/supervisor.sock");
        assert_eq!(serverurl, "unix:///tmp/supervisor.sock");
        assert_eq!((config.rpcinterfaces.len(), config.groups.len()), (1, 0));
    }

    #[test]
    fn the_sample_is_a_configuration_with_every_line_switched_on() {
        let text: String = CONF
            .lines()
            .map(|line| match line.strip_prefix(';') {
                Some(active) if !active.is_empty() && !active.starts_with(' ') => active,
                _ => line,
            })
            .map(|line| line.replace("progname1,progname2", "theprogramname") + "\n")
            .collect();
        let (config, _) = read(&text);
        assert_eq!(config.endpoints.len(), 2);
        assert!(config.groups.iter().any(|group| group.name.as_str() == "thegroupname"));
    }

    /// The keys of a section, commented out or not.
    fn keys(section: &str) -> Vec<&'static str> {
        CONF.lines()
            .map(|line| line.strip_prefix(';').unwrap_or(line))
            .skip_while(|line| *line != section)
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim()))
            .collect()
    }

    #[test]
    fn every_key_of_every_section_is_shown() {
        let expected = [
            ("[unix_http_server]", "file chmod chown username password"),
            ("[inet_http_server]", "port username password"),
            (
                "[supervisord]",
                "logfile logfile_maxbytes logfile_backups loglevel pidfile umask nodaemon silent minfds \
                 minprocs nocleanup childlogdir user directory strip_ansi environment identifier",
            ),
            ("[supervisorctl]", "serverurl username password prompt history_file"),
            ("[rpcinterface:supervisor]", "supervisor.rpcinterface_factory"),
            (
                "[program:theprogramname]",
                "command process_name numprocs numprocs_start priority autostart autorestart startsecs \
                 startretries exitcodes stopsignal stopwaitsecs stopasgroup killasgroup user umask directory \
                 environment serverurl redirect_stderr stdout_logfile stdout_logfile_maxbytes \
                 stdout_logfile_backups stdout_capture_maxbytes stdout_events_enabled stdout_syslog \
                 stderr_logfile stderr_logfile_maxbytes stderr_logfile_backups stderr_capture_maxbytes \
                 stderr_events_enabled stderr_syslog",
            ),
            ("[group:thegroupname]", "programs priority"),
            ("[fcgi-program:thefcgiprogramname]", "command socket socket_backlog socket_owner socket_mode"),
            ("[eventlistener:theeventlistenername]", "command events buffer_size priority result_handler"),
            ("[include]", "files"),
        ];
        for (section, expected) in expected {
            let shown = keys(section);
            for key in expected.split_whitespace() {
                assert!(shown.contains(&key), "{section} lacks {key}: {shown:?}");
            }
        }
    }

    #[test]
    fn the_active_lines_are_the_smallest_useful_set() {
        let active: Vec<&str> =
            CONF.lines().filter(|line| !line.is_empty() && !line.starts_with(';')).collect();
        let values: Vec<&str> =
            active.iter().map(|line| line.split(" ;").next().unwrap_or(line).trim_end()).collect();
        assert_eq!(
            values,
            [
                "[unix_http_server]",
                "file=/tmp/supervisor.sock",
                "[supervisord]",
                "logfile=/tmp/supervisord.log",
                "pidfile=/tmp/supervisord.pid",
                "[rpcinterface:supervisor]",
                "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
                "[supervisorctl]",
                "serverurl=unix:///tmp/supervisor.sock",
            ]
        );
        assert!(CONF.contains("Sample supervisor config file"));
    }
}
