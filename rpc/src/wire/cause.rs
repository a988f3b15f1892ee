//! Causes: why something happened, and who asked for it.

use serde::{Deserialize, Serialize};
use treeherd_domain::cause::{Asked, Cause, Peer, Ref};

/// Why something happened.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseInfo {
    /// One word: `asked`, `autostart`, `exit`, `retry`, ...
    pub kind: String,
    /// The same for people.
    pub text: String,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AskedInfo>,
    /// Where it lies, if in another process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<RefInfo>,
}

/// Who asked for something.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedInfo {
    /// `xmlrpc`, `jsonrpc`, `page`, `signal`, or `inside` (the daemon itself).
    pub via: String,
    /// The method, the action of the page, or the signal.
    pub what: String,
    /// The user of the process at the other end of a unix socket, or that sent the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// That process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The address at the other end of a TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The user whose name and password were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// An entry in the history of a process.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefInfo {
    /// The full name: `web`, `shop:api_00`.
    pub name: String,
    /// The number of the entry.
    pub seq: u64,
}

impl From<&Cause> for CauseInfo {
    fn from(cause: &Cause) -> Self {
        Self {
            kind: cause.kind().to_owned(),
            text: cause.to_string(),
            by: cause.by().map(|asked| AskedInfo::from(&**asked)),
            r#ref: cause.of().map(RefInfo::from),
        }
    }
}

impl From<&Asked> for AskedInfo {
    fn from(asked: &Asked) -> Self {
        let base = Self {
            via: asked.via.as_str().to_owned(),
            what: asked.what.to_string(),
            user: asked.user.as_deref().map(str::to_owned),
            ..Self::default()
        };
        match asked.peer {
            Peer::Local { pid, uid } => Self { pid, uid: Some(uid), ..base },
            Peer::Inet(address) => Self { address: Some(address.to_string()), ..base },
            Peer::Unknown => base,
        }
    }
}

impl From<&Ref> for RefInfo {
    fn from(place: &Ref) -> Self {
        Self { name: place.name.to_string(), seq: place.seq }
    }
}
