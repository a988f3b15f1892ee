//! `[inet_http_server]` and `[unix_http_server]`: the control endpoints; and
//! `[rpcinterface:x]`: what is served on them.

use crate::expand::Vars;
use crate::keys::{Context, Keys};
use crate::path::{expand_user, normalize};
use crate::raw::RawSection;
use crate::value;
use std::path::Path;
use treeherd_domain::account::Owner;
use treeherd_domain::endpoint::{Address, Credentials, EndpointSpec};
use treeherd_domain::spec::{Environment, RpcInterface};

const FACTORY_KEY: &str = "supervisor.rpcinterface_factory";
const FACTORY: &str = "supervisor.rpcinterface:make_main_rpcinterface";

/// All endpoints, inet ones first. Errors are noted.
pub(crate) fn endpoints(context: &Context<'_>, environment: &Environment) -> Vec<EndpointSpec> {
    let vars = Vars::new(Vec::new(), vec![&context.world.environment, environment]);
    let keys = |section| Keys::new(context, section, vars.clone());
    let inet = context.raw.sections_with("inet_http_server").filter_map(|section| inet(&keys(section)));
    let unix = context.raw.sections_with("unix_http_server").filter_map(|section| unix(&keys(section)));
    inet.collect::<Vec<_>>().into_iter().chain(unix).collect()
}

fn inet(keys: &Keys<'_>) -> Option<EndpointSpec> {
    let credentials = credentials(keys);
    if keys.raw("port").is_none() {
        let message = format!("section [{}] has no port value", keys.section.name);
        keys.missing(message, "write port = 127.0.0.1:9001");
    }
    let (host, port) = keys.value("port", value::inet_address)?;
    Some(EndpointSpec {
        section: keys.section.name.clone(),
        address: Address::Inet { host, port },
        credentials,
    })
}

fn unix(keys: &Keys<'_>) -> Option<EndpointSpec> {
    let world = keys.context.world;
    if keys.raw("file").is_none() {
        let message = format!("section [{}] has no file value", keys.section.name);
        keys.missing(message, "write file = /run/supervisor.sock");
    }
    let file =
        keys.text("file").map(|text| normalize(Path::new(&expand_user(text.trim(), world)), &world.cwd));
    let credentials = credentials(keys);
    let chown = chown(keys);
    let chmod = chmod(keys);
    let address = Address::Unix { file: file?, chmod, chown };
    Some(EndpointSpec { section: keys.section.name.clone(), address, credentials })
}

fn chown(keys: &Keys<'_>) -> Option<Owner> {
    let text = keys.text("chown")?;
    match value::owner(&text, &keys.context.accounts) {
        Ok(owner) => Some(owner),
        Err(error) => {
            keys.fail("chown", format!("Invalid sockchown value {text}"), error.help());
            None
        }
    }
}

fn chmod(keys: &Keys<'_>) -> u32 {
    let default = 0o700;
    let Some(text) = keys.text("chmod") else { return default };
    value::octal(&text).unwrap_or_else(|error| {
        keys.fail("chmod", format!("Invalid chmod value {text}"), error.help());
        default
    })
}

/// `username` and `password`: both or none.
fn credentials(keys: &Keys<'_>) -> Option<Credentials> {
    let has = |key| keys.raw(key).is_some();
    let (username, password) = (keys.text("username"), keys.text("password"));
    if has("username") != has("password") {
        let message = format!(
            "Section [{}] contains incomplete authentication: If a username or a password is specified, both \
             the username and password must be specified",
            keys.section.name
        );
        let (given, lacking) =
            if has("username") { ("username", "password") } else { ("password", "username") };
        keys.fail(given, message, format!("add {lacking}, or take {given} out"));
    }
    Some(Credentials { username: username?.into_owned(), password: password?.into_owned() })
}

/// All RPC interfaces. Only the standard factory is known: others are Python objects.
pub(crate) fn rpcinterfaces(context: &Context<'_>, environment: &Environment) -> Vec<RpcInterface> {
    let vars = Vars::new(Vec::new(), vec![&context.world.environment, environment]);
    let sections = context.raw.sections_with("rpcinterface:");
    sections.filter_map(|section| rpcinterface(&Keys::new(context, section, vars.clone()))).collect()
}

fn rpcinterface(keys: &Keys<'_>) -> Option<RpcInterface> {
    let section: &RawSection = keys.section;
    if keys.raw(FACTORY_KEY).is_none() {
        let message = format!("section [{}] does not specify a {FACTORY_KEY}", section.name);
        keys.missing(message, format!("write {FACTORY_KEY} = {FACTORY}"));
    }
    let factory = keys.text(FACTORY_KEY)?;
    if factory != FACTORY {
        let message = format!("{factory} cannot be resolved within [{}]", section.name);
        keys.fail(
            FACTORY_KEY,
            message,
            format!("only {FACTORY} is built in; Python plug-ins cannot be run"),
        );
        return None;
    }
    // Further keys are parameters of the factory, which takes none; they are expanded all the same.
    for (key, _) in keys.context.raw.options(section) {
        keys.text(key);
    }
    let namespace = section.name["rpcinterface:".len()..].to_owned();
    Some(RpcInterface { namespace })
}
