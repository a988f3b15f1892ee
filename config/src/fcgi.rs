//! `[fcgi-program:x]`: checked as Supervisor checks it. Absent: these programs are not run yet.
//!
//! ```text
//! priority user socket_backlog socket_owner socket_mode socket     the socket that the processes share
//! everything that a [program:x] has                                its processes
//! ```

use crate::format::Value;
use crate::keys::Keys;
use crate::program::{self, Shared, checked_name};
use crate::value::{self, ValueError};
use std::path::Path;

/// Reads a section. Errors are noted.
pub(crate) fn check(shared: &Shared<'_>, keys: &Keys<'_>) {
    let text = &keys.section.name["fcgi-program:".len()..];
    let Some(name) = checked_name(keys, text, || keys.missing_name()) else { return };
    keys.get("priority", 999, value::integer);
    let accounts = &keys.context.accounts;
    keys.value("user", |text| value::user(text, accounts));
    backlog(keys);
    invalid(keys, "socket_owner", |text| value::owner(text, accounts).map(drop));
    invalid(keys, "socket_mode", |text| value::octal(text).map(drop));
    let with_name = keys.with(keys.vars.and(&[("program_name", Value::Text(name))]));
    socket(&with_name);
    program::read(shared, keys.section, name);
}

fn backlog(keys: &Keys<'_>) {
    if let Some(backlog) = keys.value("socket_backlog", value::integer)
        && !(1..=65_535).contains(&backlog)
    {
        let message = format!("Invalid socket_backlog value {backlog}");
        keys.fail("socket_backlog", message, "write a number from 1 to 65535");
    }
}

fn invalid(keys: &Keys<'_>, key: &str, convert: impl Fn(&str) -> Result<(), ValueError>) {
    let Some(text) = keys.text(key) else { return };
    if let Err(error) = convert(&text) {
        keys.fail(key, format!("Invalid {key} value {text}"), error.help());
    }
}

fn socket(keys: &Keys<'_>) {
    let section = &keys.section.name;
    let written = keys.text("socket");
    if keys.raw("socket").is_some() && written.is_none() {
        return;
    }
    let text = written.unwrap_or_default();
    let help = "write socket = unix:///run/web.sock or socket = tcp://127.0.0.1:9000";
    if text.is_empty() {
        return keys.fail("socket", format!("[{section}] section requires a \"socket\" line"), help);
    }
    let is_owned = ["socket_owner", "socket_mode"].into_iter().any(|key| keys.raw(key).is_some());
    if let Err(why) = form(&text, is_owned) {
        keys.fail("socket", format!("{why} in [{section}] socket"), help);
    }
}

/// What is wrong with a socket's address.
fn form(text: &str, is_owned: bool) -> Result<(), String> {
    if let Some(path) = text.strip_prefix("unix://") {
        return match Path::new(path).is_absolute() {
            true => Ok(()),
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
        Ok(1..=65_535) => Ok(()),
        Ok(port) => Err(ValueError::Above(port, 65_535).to_string()),
        Err(_) => Err(ValueError::Above(i64::MAX, 65_535).to_string()),
    }
}
