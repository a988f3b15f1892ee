//! What the command line says over the file.

use std::path::PathBuf;
use treeherd_domain::level::Level;
use treeherd_domain::scale::Programs;
use treeherd_domain::spec::MainLog;

/// One field for each option of the daemon that beats its key in `[supervisord]`, converted with
/// [`value`](crate::value). A flag can only switch on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// `-l`, `--logfile` ([`value::main_log`](crate::value::main_log)).
    pub logfile: Option<MainLog>,
    /// `-y`, `--logfile_maxbytes`, in bytes.
    pub logfile_maxbytes: Option<i64>,
    /// `-z`, `--logfile_backups`.
    pub logfile_backups: Option<i64>,
    /// `-e`, `--loglevel`.
    pub loglevel: Option<Level>,
    /// `-j`, `--pidfile`, absolute ([`value::existing_dirpath`](crate::value::existing_dirpath)).
    pub pidfile: Option<PathBuf>,
    /// `-m`, `--umask`.
    pub umask: Option<u32>,
    /// `-n`, `--nodaemon`.
    pub nodaemon: bool,
    /// `-s`, `--silent`.
    pub silent: bool,
    /// `-a`, `--minfds`.
    pub minfds: Option<i64>,
    /// `--minprocs`.
    pub minprocs: Option<i64>,
    /// `-k`, `--nocleanup`.
    pub nocleanup: bool,
    /// `-q`, `--childlogdir`, absolute
    /// ([`value::existing_directory`](crate::value::existing_directory)).
    pub childlogdir: Option<PathBuf>,
    /// `-u`, `--user`: a name or a number, looked up when the file is loaded.
    pub user: Option<String>,
    /// `-d`, `--directory`, absolute ([`value::existing_directory`](crate::value::existing_directory)).
    pub directory: Option<PathBuf>,
    /// `-t`, `--strip_ansi`.
    pub strip_ansi: bool,
    /// `-i`, `--identifier`.
    pub identifier: Option<String>,
    /// Other numbers of processes, each over the `numprocs` of the file that it was given over.
    pub programs: Programs,
}
