//! `man`: the manual, for whoever has the program and no package that brought the pages.
//!
//! The pages are those of `docs/man`, written from the tables of options and actions (`tests/man` writes them and
//! holds them to the tables). Absent: showing them; that is `man -l -`.

use crate::configtest::Answer;
use crate::ctl::action::find;
use crate::ctl::options::{Arguments, misused};
use crate::ctl::status;

/// The names of the pages.
pub const NAMES: &[&str] =
    &["supervisorctl", "supervisord", "supervisord.conf", "echo_supervisord_conf", "pidproxy"];

fn page(name: &str) -> Option<&'static str> {
    match name {
        "supervisorctl" => Some(include_str!("../../docs/man/supervisorctl.1")),
        "supervisord" => Some(include_str!("../../docs/man/supervisord.8")),
        "supervisord.conf" => Some(include_str!("../../docs/man/supervisord.conf.5")),
        "echo_supervisord_conf" => Some(include_str!("../../docs/man/echo_supervisord_conf.1")),
        "pidproxy" => Some(include_str!("../../docs/man/pidproxy.1")),
        _ => None,
    }
}

/// The page that the words name, or what is wrong with them.
#[must_use]
pub fn answer(words: &[&str]) -> Option<Answer> {
    let action = find("man")?;
    let arguments = match Arguments::of(action, words) {
        Ok(arguments) => arguments,
        Err(error) => return Some(misused(action, &error.to_string())),
    };
    let found = match arguments.words().as_slice() {
        [] => page("supervisorctl"),
        [name] => page(name),
        _ => None,
    };
    Some(match found {
        Some(text) => Answer { out: text.to_owned(), err: String::new(), code: status::OK },
        None => misused(action, &format!("man knows these pages: {}", NAMES.join(", "))),
    })
}
