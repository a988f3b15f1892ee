//! XML-RPC: the same calls and answers as JSON-RPC's, in Supervisor's first language.
//!
//! ```text
//!   body --read::call--> {method, params: JSON} --params::fit--> the method's own types --> JSON-RPC
//!   JSON of a result, or a fault --write--> body                              (the server's way)
//!
//!   method, params: JSON --write::call--> body;  body --read::answer--> JSON or a fault  (the client's)
//! ```
//!
//! What is read is what Supervisor reads, with its leniency: any element that is unknown is its text. What is
//! written is, byte for byte, what Python's `xmlrpc.client` writes. The XML itself is `quick_xml`'s work. Absent
//! on purpose: document types and entities of one's own (refused), `nil` in answers, encodings but UTF-8 and
//! Latin-1.

mod element;
pub mod params;
mod read;
mod write;

pub use read::{Call, MalformedXml, answer, call};
pub use write::{TooLarge, call_text, fault_text, result_text};

use crate::code::{self, RemoteFault};
use jsonrpsee::types::ErrorObjectOwned;

/// Where XML-RPC is served: every path that begins so.
pub const PATH: &str = "/RPC2";

/// A call that was refused: Supervisor's number and text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XmlFault {
    /// The number.
    pub code: i32,
    /// `NAME` or `NAME: detail`.
    pub text: String,
}

impl XmlFault {
    /// What an error of JSON-RPC is here; one without a number of Supervisor's is FAILED.
    #[must_use]
    pub fn of(error: &ErrorObjectOwned) -> Self {
        match code::fault(error) {
            Some(RemoteFault { fault: Some(code), message, .. }) => Self { code, text: message },
            _ => Self { code: 30, text: format!("FAILED: {}", error.message()) },
        }
    }
}

/// Whether XML 1.0 can hold this character.
const fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
