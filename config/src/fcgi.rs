//! `[fcgi-program:x]`: a program with a socket in the place of its standard input, checked as Supervisor checks it.
//!
//! ```text
//! priority user socket_backlog socket_owner socket_mode socket     the socket that the processes share
//! everything that a [program:x] has                                its processes
//! ```

use crate::World;
use crate::format::Value;
use crate::keys::Keys;
use crate::program::{self, Shared, checked_name};
use crate::value::{self, ValueError, normalize};
use std::path::Path;
use std::sync::Arc;
use treeherd_domain::account::Owner;
use treeherd_domain::socket::{SocketAddress, SocketSpec};
use treeherd_domain::spec::ProcessSpec;

/// The mode of a socket's file.
pub(crate) const MODE: u32 = 0o700;

/// What a section says.
pub(crate) struct Fcgi<'a> {
    pub(crate) name: &'a str,
    pub(crate) priority: i64,
    pub(crate) processes: Vec<Arc<ProcessSpec>>,
}

/// Reads a section, for processes in this group or in one of their own. Errors are noted.
pub(crate) fn read<'a>(shared: &Shared<'_>, keys: &Keys<'a>, group: Option<&str>) -> Option<Fcgi<'a>> {
    let text = &keys.section.name["fcgi-program:".len()..];
    let name = checked_name(keys, text, || keys.missing_name())?;
    let priority = keys.get("priority", 999, value::integer);
    let accounts = &keys.context.accounts;
    let user = keys.value("user", |text| value::user(text, accounts));
    let backlog = backlog(keys);
    let owner = valid(keys, "socket_owner", |text| value::owner(text, accounts));
    let mode = valid(keys, "socket_mode", value::octal);
    let with_name = keys.with(keys.vars.and(&[("program_name", Value::Text(name))]));
    let address = socket(&with_name);
    let mut processes = program::read(shared, keys.section, group.unwrap_or(name));
    if let Some(address) = address {
        let user = user.map(|user| Owner { uid: Some(user.uid), gid: Some(user.gid) });
        let spec = SocketSpec { address, backlog, owner, user, mode: mode.unwrap_or(MODE) };
        let spec = Arc::new(spec);
        for process in &mut processes {
            Arc::make_mut(process).socket = Some(Arc::clone(&spec));
        }
    }
    Some(Fcgi { name, priority, processes })
}

pub(crate) fn backlog(keys: &Keys<'_>) -> Option<u16> {
    let backlog = keys.value("socket_backlog", value::integer)?;
    if (1..=65_535).contains(&backlog) {
        return u16::try_from(backlog).ok();
    }
    let message = format!("Invalid socket_backlog value {backlog}");
    keys.fail("socket_backlog", message, "write a number from 1 to 65535");
    None
}

pub(crate) fn valid<T>(
    keys: &Keys<'_>,
    key: &str,
    convert: impl Fn(&str) -> Result<T, ValueError>,
) -> Option<T> {
    let text = keys.text(key)?;
    let value = convert(&text);
    value.map_err(|error| keys.fail(key, format!("Invalid {key} value {text}"), error.help())).ok()
}

pub(crate) fn socket(keys: &Keys<'_>) -> Option<SocketAddress> {
    let section = &keys.section.name;
    let written = keys.text("socket");
    if keys.raw("socket").is_some() && written.is_none() {
        return None;
    }
    let text = written.unwrap_or_default();
    let help = "write socket = unix:///run/web.sock or socket = tcp://127.0.0.1:9000";
    if text.is_empty() {
        keys.fail("socket", format!("[{section}] section requires a \"socket\" line"), help);
        return None;
    }
    let is_owned = ["socket_owner", "socket_mode"].into_iter().any(|key| keys.raw(key).is_some());
    let address = address(&text, is_owned, keys.context.world);
    address.map_err(|why| keys.fail("socket", format!("{why} in [{section}] socket"), help)).ok()
}

/// Reads a socket's address.
fn address(text: &str, is_owned: bool, world: &World<'_>) -> Result<SocketAddress, String> {
    if let Some(path) = text.strip_prefix("unix://") {
        if let Some(name) = path.strip_prefix('@').filter(|name| !name.is_empty()) {
            return Ok(SocketAddress::Abstract(name.to_owned()));
        }
        return match Path::new(path).is_absolute() {
            true => Ok(SocketAddress::Unix(normalize(Path::new(path), &world.cwd))),
            false => Err(format!("Unix socket path {path} is not an absolute path")),
        };
    }
    if is_owned {
        let message = "socket_owner and socket_mode params should only be used with a Unix domain socket";
        return Err(message.to_owned());
    }
    let bad = || format!("Bad socket format {text}");
    let (host, port) = text.strip_prefix("tcp://").and_then(|rest| rest.split_once(':')).ok_or_else(bad)?;
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if host.is_empty() || host.contains(char::is_whitespace) || !is_number {
        return Err(bad());
    }
    match port.parse::<i64>() {
        Ok(0) => Err(ValueError::Below(0, 1).to_string()),
        Ok(port) => match u16::try_from(port) {
            Ok(port) => Ok(SocketAddress::Tcp { host: host.to_lowercase(), port }),
            Err(_) => Err(ValueError::Above(port, 65_535).to_string()),
        },
        Err(_) => Err(ValueError::Above(i64::MAX, 65_535).to_string()),
    }
}
