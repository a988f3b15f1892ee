//! What changed in `[supervisord]` that a daemon takes over only when it is started anew.

use super::steps::differing_rules;
use crate::spec::DaemonSpec;

/// The keys that differ and hold for the next daemon, as the section has them.
///
/// What is not among them is taken over when the file is read, or belongs to the programs.
#[must_use]
pub(super) fn held_back(old: &DaemonSpec, new: &DaemonSpec) -> Vec<&'static str> {
    // a new field does not compile here until it has its row
    let DaemonSpec {
        logfile,
        rotation,
        loglevel,
        pidfile,
        umask,
        nodaemon,
        silent,
        minfds,
        minprocs,
        nocleanup,
        childlogdir,
        user,
        directory,
        strip_ansi,
        environment: _,
        identifier: _,
        stop_order: _,
        state_file,
        exit_code_from: _,
        fault_injection: _,
        rules,
    } = old;
    let rows = [
        ("logfile", *logfile != new.logfile),
        ("logfile_maxbytes", rotation.maxbytes != new.rotation.maxbytes),
        ("logfile_backups", rotation.backups != new.rotation.backups),
        ("loglevel", *loglevel != new.loglevel),
        ("pidfile", *pidfile != new.pidfile),
        ("umask", *umask != new.umask),
        ("nodaemon", *nodaemon != new.nodaemon),
        ("silent", *silent != new.silent),
        ("minfds", *minfds != new.minfds),
        ("minprocs", *minprocs != new.minprocs),
        ("nocleanup", *nocleanup != new.nocleanup),
        ("childlogdir", *childlogdir != new.childlogdir),
        ("user", *user != new.user),
        ("directory", *directory != new.directory),
        ("strip_ansi", *strip_ansi != new.strip_ansi),
        ("state_file", *state_file != new.state_file),
    ];
    let keys = rows.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key);
    keys.chain(differing_rules(rules.as_ref(), new.rules.as_ref()).map(|(key, ..)| key)).collect()
}
