//! The file of a unix socket that was just bound: its owner and its mode.
//!
//! Whoever may write the directory may put something else in the place of the file, right after the bind. So the
//! file is held first, looked at, and changed by what is held; a link there is not followed. Where a file cannot be
//! held (elsewhere than on Linux) it is changed by its name. Absent: binding, and removing the file.

use crate::user::current_uid;
use nix::unistd::{FchownatFlags, Gid, Uid, fchownat};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use treeherd_domain::account::Owner;

/// A socket's file that is held.
#[derive(Debug)]
pub(super) struct BoundFile {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    held: fs::File,
}

impl BoundFile {
    /// Holds the file that a bind of ours has just made.
    ///
    /// # Errors
    /// What `open(2)` says; `EEXIST` if something else stands there by now.
    #[cfg(target_os = "linux")]
    pub(super) fn hold(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

        let held =
            fs::OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(path)?;
        let found = held.metadata()?;
        let is_ours = found.file_type().is_socket() && found.uid() == current_uid() && found.nlink() == 1;
        if is_ours { Ok(Self { path: path.to_owned(), held }) } else { Err(replaced(path)) }
    }

    /// Takes the file that a bind of ours has just made.
    ///
    /// # Errors
    /// What `lstat(2)` says; `EEXIST` if something else stands there by now.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn hold(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};

        let found = fs::symlink_metadata(path)?;
        let is_ours = found.file_type().is_socket() && found.uid() == current_uid();
        if is_ours { Ok(Self { path: path.to_owned() }) } else { Err(replaced(path)) }
    }

    /// Gives it to somebody; what is `None` stays.
    ///
    /// # Errors
    /// What `chown(2)` says.
    pub(super) fn give(&self, owner: Owner) -> nix::Result<()> {
        let (uid, gid) = (owner.uid.map(Uid::from_raw), owner.gid.map(Gid::from_raw));
        #[cfg(target_os = "linux")]
        return fchownat(&self.held, "", uid, gid, FchownatFlags::AT_EMPTY_PATH);
        #[cfg(not(target_os = "linux"))]
        return fchownat(nix::fcntl::AT_FDCWD, &self.path, uid, gid, FchownatFlags::AT_SYMLINK_NOFOLLOW);
    }

    /// Sets its mode.
    ///
    /// # Errors
    /// What `chmod(2)` says.
    pub(super) fn set_mode(&self, mode: u32) -> io::Result<()> {
        fs::set_permissions(self.name(), Permissions::from_mode(mode))
    }

    /// A path that names what is held, whatever stands at its own path by now; without `/proc` its own.
    #[cfg(target_os = "linux")]
    fn name(&self) -> PathBuf {
        use std::os::fd::AsRawFd;

        let held = PathBuf::from(format!("/proc/self/fd/{}", self.held.as_raw_fd()));
        if held.symlink_metadata().is_ok() { held } else { self.path.clone() }
    }

    #[cfg(not(target_os = "linux"))]
    fn name(&self) -> &Path {
        &self.path
    }
}

fn replaced(path: &Path) -> io::Error {
    let text = format!(
        "something else was put in the place of {}; check who may write the directory",
        path.display()
    );
    io::Error::new(io::ErrorKind::AlreadyExists, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// A socket, and a file beside it that is nobody else's business.
    fn scene() -> (tempfile::TempDir, PathBuf, PathBuf, UnixListener) {
        let dir = tempfile::tempdir().unwrap();
        let (socket, secret) = (dir.path().join("s.sock"), dir.path().join("secret"));
        fs::write(&secret, "").unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        (dir, socket, secret, listener)
    }

    #[test]
    fn the_mode_is_set_on_the_socket() {
        let (_dir, socket, _secret, _listener) = scene();
        BoundFile::hold(&socket).unwrap().set_mode(0o640).unwrap();
        assert_eq!(mode(&socket), 0o640);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_link_that_takes_the_place_of_a_held_socket_is_not_followed() {
        let (_dir, socket, secret, _listener) = scene();
        let file = BoundFile::hold(&socket).unwrap();
        fs::remove_file(&socket).unwrap();
        std::os::unix::fs::symlink(&secret, &socket).unwrap();
        file.set_mode(0o666).unwrap();
        let uid = Some(current_uid());
        file.give(Owner { uid, gid: None }).unwrap();
        assert_eq!(mode(&secret), 0o600);
    }

    #[test]
    fn what_was_put_in_the_place_of_the_socket_is_not_held() {
        let (_dir, socket, secret, _listener) = scene();
        fs::remove_file(&socket).unwrap();
        std::os::unix::fs::symlink(&secret, &socket).unwrap();
        let error = BoundFile::hold(&socket).unwrap_err();
        assert!(error.to_string().contains("check who may write the directory"), "{error}");
        fs::remove_file(&socket).unwrap();
        fs::hard_link(&secret, &socket).unwrap();
        assert!(BoundFile::hold(&socket).is_err());
    }
}
