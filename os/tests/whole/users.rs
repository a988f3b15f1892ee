//! Becoming another user, and what that one may not do.

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use treeherd_domain::account::{Account, Owner};
use treeherd_os::environment::BaseEnvironment;
use treeherd_os::resolve::resolve;
use treeherd_os::socket::{BindError, bind_unix};
use treeherd_os::spawn::{Launch, SetupFailure, SetupStage, spawn};
use treeherd_os::user::{BecomeError, become_user, by_uid, current_gid, current_uid, lookup};

pub(crate) fn become_nobody() -> Account {
    let nobody = lookup("nobody").unwrap().unwrap();
    become_user(&nobody).unwrap();
    nobody
}

pub(crate) fn a_user_is_become_for_good() {
    let mut nobody = lookup("nobody").unwrap().unwrap();
    nobody.groups = vec![nobody.gid, 4];
    become_user(&nobody).unwrap();
    assert_eq!((current_uid(), current_gid()), (nobody.uid, nobody.gid));
    let mut groups: Vec<u32> =
        nix::unistd::getgroups().unwrap().into_iter().map(nix::unistd::Gid::as_raw).collect();
    groups.sort_unstable();
    assert_eq!(groups, [4, nobody.gid]);
    become_user(&nobody).expect("being it already is fine");
    let root = by_uid(0).unwrap().unwrap();
    let refused = become_user(&root).unwrap_err();
    assert_eq!(refused, BecomeError::NotRoot);
    assert_eq!(refused.to_string(), "Can't drop privilege as nonroot user");
}

pub(crate) fn only_root_can_change_the_user() {
    let root = by_uid(0).unwrap().unwrap();
    become_nobody();
    let words = vec!["true".to_owned()];
    let base = Arc::new(BaseEnvironment::of_this_process());
    let launch = Launch { credentials: Some(root), ..Launch::new("/bin/true", words, base) };
    let spawned = spawn(&launch).unwrap();
    assert_eq!(spawned.failure, Some(SetupFailure { stage: SetupStage::NotRoot, errno: libc::EPERM }));
    let stderr = spawned.stderr.unwrap();
    treeherd_os::fd::set_nonblocking(&stderr, false).unwrap();
    let mut text = String::new();
    File::from(stderr).read_to_string(&mut text).unwrap();
    assert_eq!(
        text,
        "supervisor: couldn't setuid to 0: Can't drop privilege as nonroot user\n\
         supervisor: child process was not spawned\n"
    );
}

pub(crate) fn what_an_ordinary_user_may_not_do_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
    let tool = path.join("tool");
    fs::write(&tool, "").unwrap();
    fs::set_permissions(&tool, Permissions::from_mode(0o744)).unwrap();
    become_nobody();
    let refused = resolve(tool.to_str().unwrap(), None).unwrap_err();
    assert_eq!(refused.to_string(), format!("no permission to run command '{}'", tool.display()));
    let socket = path.join("s");
    let owner = Owner { uid: Some(0), gid: None };
    let refused = bind_unix(&socket, 0o700, Some(owner)).unwrap_err();
    assert!(matches!(refused, BindError::Chown { .. }));
    assert_eq!(
        refused.to_string(),
        format!(
            "Not permitted to chown {} to uid/gid (0, -1); adjust \"sockchown\" value in config file or on \
             command line to values that the current user (nobody) can successfully chown",
            socket.display()
        )
    );
    assert_eq!(fs::read_dir(path).unwrap().count(), 1, "nothing is left behind");
    fs::remove_file(&tool).unwrap();
    let refused = bind_unix("/root/s".as_ref(), 0o700, None).unwrap_err();
    assert!(refused.to_string().ends_with("socket.error reported errno.EACCES (13)"), "{refused}");
}
