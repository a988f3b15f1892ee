//! `[socket:x]`: a listening socket that programs inherit, and `sockets` of those programs.
//!
//! ```text
//! socket socket_backlog socket_owner socket_mode     as those of an [fcgi-program:x], without its user
//! sockets = web, admin                               the sections [socket:web] and [socket:admin], at 3 and 4
//! ```
//!
//! Absent: datagrams, IPv6, and a socket for each copy of a program but by `%(process_num)d` in `sockets`.

use crate::expand::Vars;
use crate::fcgi;
use crate::format::Value;
use crate::keys::{Context, Keys};
use crate::program::checked_name;
use crate::raw::RawSection;
use crate::report::Error;
use crate::value;
use std::collections::HashMap;
use std::sync::Arc;
use treeherd_domain::socket::{Socket, SocketAddress, SocketSpec};
use treeherd_domain::spec::{Environment, GroupSpec};

/// More than any program listens on; keeps a slip from using up the descriptors.
const MOST_SOCKETS: usize = 64;

/// The sections by name.
#[derive(Default)]
pub(crate) struct Sockets<'a> {
    named: HashMap<&'a str, Found<'a>>,
}

struct Found<'a> {
    section: &'a RawSection,
    /// `None` if it has errors, which are noted.
    socket: Option<Arc<Socket>>,
}

/// Reads all sections. Errors are noted.
pub(crate) fn read<'a>(context: &'a Context<'a>, environment: &'a Environment) -> Sockets<'a> {
    let mut sockets = Sockets::default();
    let mut places: HashMap<SocketAddress, &RawSection> = HashMap::new();
    for section in context.raw.sections_with("socket:") {
        let names = vec![("host_node_name", Value::Text(&context.world.hostname))];
        let vars = Vars::new(names, vec![&context.world.environment, environment]);
        let keys = Keys { is_ours: true, ..Keys::new(context, section, vars) };
        let text = &section.name["socket:".len()..];
        let Some(name) = checked_name(&keys, text, || keys.missing_name()) else { continue };
        let socket = one(&keys, name);
        if let Some(socket) = &socket
            && let Some(other) = places.insert(socket.spec.address.clone(), section)
        {
            let message = format!(
                "[{}] and [{}] have one address, {}",
                other.name, section.name, socket.spec.address
            );
            same(
                context,
                [other, section],
                message,
                "let the programs name one of the two, or change an address",
            );
        }
        if let Some(other) = sockets.named.insert(name, Found { section, socket }) {
            let message =
                format!("[{}] and [{}] make two sockets of one name", other.section.name, section.name);
            same(context, [other.section, section], message, "rename one of the two");
        }
    }
    sockets
}

fn one(keys: &Keys<'_>, name: &str) -> Option<Arc<Socket>> {
    let before = keys.context.faults.count();
    let backlog = fcgi::backlog(keys);
    let accounts = &keys.context.accounts;
    let owner = fcgi::valid(keys, "socket_owner", |text| value::owner(text, accounts));
    let mode = fcgi::valid(keys, "socket_mode", value::octal).unwrap_or(fcgi::MODE);
    let address = fcgi::socket(keys)?;
    let spec = SocketSpec { address, backlog, owner, user: None, mode };
    (keys.context.faults.count() == before).then(|| Arc::new(Socket { name: name.to_owned(), spec }))
}

/// Notes what is wrong between two sections, at the `socket` of each.
fn same(context: &Context<'_>, sections: [&RawSection; 2], message: String, help: &str) {
    let place = |section: &RawSection| {
        let span = context.raw.option(section, "socket").map_or(section.span, |option| option.span);
        context.raw.sources[span.file].place(span)
    };
    context.faults.note_own(Error::new(message, sections.map(place).to_vec(), help.to_owned()));
}

impl Sockets<'_> {
    /// `sockets` of a process, with its variables in place. Errors are noted.
    pub(crate) fn of(&self, keys: &Keys<'_>) -> Vec<Arc<Socket>> {
        let text = keys.text("sockets").unwrap_or_default();
        let mut inherited: Vec<Arc<Socket>> = Vec::new();
        for name in value::list(&text).filter(|name| !name.is_empty()) {
            match self.named.get(name) {
                None => {
                    let message = format!("[{}] names unknown socket {name}", keys.section.name);
                    let help = format!("add a section [socket:{name}], or take the name out of sockets");
                    keys.refuse_item("sockets", name, message, help);
                }
                Some(Found { socket: Some(socket), .. }) => match inherited.contains(socket) {
                    true => {
                        let message = format!("[{}] names socket {name} twice", keys.section.name);
                        keys.refuse_item("sockets", name, message, "name it once: its place is its number");
                    }
                    false => inherited.push(Arc::clone(socket)),
                },
                Some(Found { socket: None, .. }) => {}
            }
        }
        if inherited.len() > MOST_SOCKETS {
            let message = format!("[{}] has more than {MOST_SOCKETS} sockets", keys.section.name);
            keys.refuse_item("sockets", "", message, "spread them over several programs");
        }
        inherited
    }

    /// Notes which of them have the address of an `[fcgi-program:x]`: only one of the two could have it.
    pub(crate) fn check(&self, context: &Context<'_>, groups: &[Arc<GroupSpec>]) {
        let fcgi =
            groups.iter().flat_map(|group| group.fcgi_sockets().into_iter().map(move |own| (group, own)));
        for (group, own) in fcgi {
            let clash = |found: &&Found<'_>| {
                found.socket.as_ref().is_some_and(|socket| socket.spec.address == own.address)
            };
            if let Some(Found { section, .. }) = self.named.values().find(clash) {
                let name = &section.name;
                let message = format!(
                    "[{name}] has the address of an fcgi-program in {}, {}",
                    group.name, own.address
                );
                let span = context.raw.option(section, "socket").map_or(section.span, |option| option.span);
                let place = context.raw.sources[span.file].place(span);
                let help = "give one of the two another address".to_owned();
                context.faults.note_own(Error::new(message, vec![place], help));
            }
        }
    }
}
