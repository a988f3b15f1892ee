//! Users and groups of the system, and becoming one of them for good.
//!
//! A look-up may block for long (a directory service), so it is done when the configuration is read,
//! never when a process is started. Absent: the child's own change of user (`spawn`).
#![allow(unsafe_code, reason = "getgrouplist has no wrapper on every system")]

use nix::unistd::{Gid, Group, Uid, User, setgid, setuid};
use std::ffi::CString;
use std::io;
use treeherd_domain::account::Account;

/// Finds a user by name, or by number if the text is one; with all groups, the primary one first.
///
/// # Errors
/// If the user database cannot be read; that there is no such user is `None`.
pub fn lookup(name_or_uid: &str) -> io::Result<Option<Account>> {
    match name_or_uid.trim().parse::<u32>() {
        Ok(uid) => by_uid(uid),
        Err(_) => User::from_name(name_or_uid)?.map(account).transpose(),
    }
}

/// Finds a user by number.
///
/// # Errors
/// As [`lookup`].
pub fn by_uid(uid: u32) -> io::Result<Option<Account>> {
    User::from_uid(Uid::from_raw(uid))?.map(account).transpose()
}

/// Finds a group's number by its name, or by number if the text is one.
///
/// # Errors
/// If the group database cannot be read; that there is no such group is `None`.
pub fn group(name_or_gid: &str) -> io::Result<Option<u32>> {
    let found = match name_or_gid.trim().parse::<u32>() {
        Ok(gid) => Group::from_gid(Gid::from_raw(gid))?,
        Err(_) => Group::from_name(name_or_gid)?,
    };
    Ok(found.map(|group| group.gid.as_raw()))
}

fn account(user: User) -> io::Result<Account> {
    let gid = user.gid.as_raw();
    Ok(Account {
        groups: groups(&user.name, gid)?,
        name: user.name,
        uid: user.uid.as_raw(),
        gid,
        home: user.dir.to_string_lossy().into_owned(),
    })
}

/// More groups than any system lets a process have.
const MOST_GROUPS: usize = 65_536 * 2;

/// All groups of a user, each once, the primary one first.
fn groups(name: &str, gid: u32) -> io::Result<Vec<u32>> {
    let name = CString::new(name)?;
    let mut found = vec![0; 64];
    while found.len() <= MOST_GROUPS {
        let mut count = libc::c_int::try_from(found.len()).unwrap_or(libc::c_int::MAX);
        #[cfg_attr(target_vendor = "apple", allow(clippy::cast_possible_wrap, reason = "its ids are ints"))]
        // SAFETY: writes up to `count` ids into a vector that has as many, and the needed count.
        let fits = unsafe {
            libc::getgrouplist(name.as_ptr(), gid as _, found.as_mut_ptr().cast(), &raw mut count)
        };
        if fits >= 0 {
            found.truncate(usize::try_from(count).unwrap_or(0));
            let others: Vec<u32> = found.into_iter().filter(|other| *other != gid).collect();
            return Ok([vec![gid], others].concat());
        }
        let doubled = found.len() * 2;
        found.resize(usize::try_from(count).unwrap_or(0).max(doubled), 0);
    }
    Err(io::Error::from_raw_os_error(libc::EINVAL))
}

/// The real user id of this process.
#[must_use]
pub fn current_uid() -> u32 {
    Uid::current().as_raw()
}

/// The real group id of this process.
#[must_use]
pub fn current_gid() -> u32 {
    Gid::current().as_raw()
}

/// The login name of the effective user; its number if it has none.
#[must_use]
pub fn current_name() -> String {
    let uid = Uid::effective();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

/// Why the daemon could not become a user. The texts are Supervisor's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BecomeError {
    /// Only root can become someone else.
    #[error("Can't drop privilege as nonroot user")]
    NotRoot,
    /// The supplementary groups could not be set.
    #[error("Could not set groups of effective user")]
    Groups,
    /// The group could not be set.
    #[error("Could not set group id of effective user")]
    Gid,
    /// The user could not be set, or could be left again.
    #[error("Could not set user id of effective user")]
    Uid,
}

/// Makes this process run as `account`, groups first, for good; nothing if it does already. Say
/// `Set uid to user <uid> succeeded` afterwards.
///
/// # Errors
/// [`BecomeError`]. The process may then have some of the new ids: end it.
pub fn become_user(account: &Account) -> Result<(), BecomeError> {
    let current = Uid::current();
    if current.as_raw() == account.uid {
        return Ok(());
    }
    if !current.is_root() {
        return Err(BecomeError::NotRoot);
    }
    let gid = Gid::from_raw(account.gid);
    set_groups(&account.groups).map_err(|_| BecomeError::Groups)?;
    setgid(gid).map_err(|_| BecomeError::Gid)?;
    setuid(Uid::from_raw(account.uid)).map_err(|_| BecomeError::Uid)?;
    if setuid(current).is_ok() {
        return Err(BecomeError::Uid);
    }
    Ok(())
}

fn set_groups(groups: &[u32]) -> io::Result<()> {
    // SAFETY: reads as many ids as the slice has.
    crate::fd::check(unsafe { libc::setgroups(groups.len() as _, groups.as_ptr()) }).map(drop)
}
