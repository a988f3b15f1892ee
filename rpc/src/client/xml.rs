//! The calls of a client in XML-RPC, for a supervisord that knows nothing else.
//!
//! ```text
//!   JSON-RPC request --asked--> XML of the call         XML of the answer --answered--> JSON-RPC response
//! ```
//!
//! So every client and every trait of [`api`](crate::api) works there, as far as Supervisor has the method. Absent:
//! batches and notifications, which no client of ours sends.

use super::MAX_REQUEST;
use crate::api;
use crate::code::Kind;
use crate::wire::ErrorData;
use crate::xmlrpc::{self, MalformedXml, XmlFault};
use jsonrpsee::types::error::{INVALID_PARAMS_CODE, METHOD_NOT_FOUND_CODE};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The language of the daemon at the other end, once it is known; shared by all that talk to it.
#[derive(Clone, Debug, Default)]
pub struct Dialect(Arc<AtomicBool>);

impl Dialect {
    /// Whether it is XML-RPC alone: a supervisord written in Python.
    #[must_use]
    pub fn is_xml(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set_xml(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A call of JSON-RPC.
#[derive(Deserialize)]
pub(super) struct Asked {
    id: Value,
    pub(super) method: String,
    #[serde(default)]
    params: Value,
}

impl Asked {
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| format!("the call cannot be put into XML: {error}"))
    }

    /// Whether Supervisor has a method of this name.
    pub(super) fn is_supervisors(&self) -> bool {
        const OF_SYSTEM: [&str; 4] = ["listMethods", "methodHelp", "methodSignature", "multicall"];
        match self.method.split_once('.') {
            Some(("system", method)) => OF_SYSTEM.contains(&method),
            Some((namespace, _)) => namespace == "supervisor",
            None => false,
        }
    }

    /// The call as XML.
    pub(super) fn as_xml(&self) -> Result<String, String> {
        let params = match &self.params {
            Value::Array(params) => params.clone(),
            Value::Object(by_name) => {
                let known = api::method(&self.method).map_or(&[][..], |method| method.params);
                known.iter().map(|param| by_name.get(param.name).cloned().unwrap_or_default()).collect()
            }
            _ => Vec::new(),
        };
        let limit = usize::try_from(MAX_REQUEST).unwrap_or(usize::MAX);
        xmlrpc::call_text(&self.method, &params, limit).map_err(|error| error.to_string())
    }

    /// The answer as JSON-RPC.
    pub(super) fn answered(&self, body: &[u8]) -> Result<Vec<u8>, MalformedXml> {
        let id = &self.id;
        let response = match xmlrpc::answer(body)? {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(fault) => json!({"jsonrpc": "2.0", "id": id, "error": error(&fault)}),
        };
        Ok(response.to_string().into_bytes())
    }
}

/// The error of JSON-RPC that tells of a fault.
fn error(XmlFault { code, text }: &XmlFault) -> Value {
    match code {
        1 => return json!({"code": METHOD_NOT_FOUND_CODE, "message": text}),
        2 => return json!({"code": INVALID_PARAMS_CODE, "message": text}),
        _ => {}
    }
    // A bad selector has the number of a bad name, and Supervisor has no selectors.
    let is_of_code = |kind: &&Kind| **kind != Kind::BadName && kind.entry().fault == Some(*code);
    let entry = Kind::ALL.iter().find(is_of_code).unwrap_or(&Kind::Failed).entry();
    let data = ErrorData {
        kind: entry.kind.to_owned(),
        fault: Some(*code),
        target: None,
        retryable: entry.retryable,
        hint: None,
        details: None,
        incident: None,
    };
    json!({"code": entry.code, "message": text, "data": data})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code;
    use jsonrpsee::types::ErrorObjectOwned;

    fn asked(json: &Value) -> Asked {
        Asked::read(json.to_string().as_bytes()).expect("a call")
    }

    #[test]
    fn parameters_go_by_position_however_they_were_given() {
        let expected = xmlrpc::call_text("supervisor.startProcess", &[json!("web")], 10_000).ok();
        for params in [json!(["web"]), json!(["web", null]), json!({"name": "web"})] {
            let call = asked(&json!({"id": 1, "method": "supervisor.startProcess", "params": params}));
            assert_eq!(call.as_xml().ok(), expected, "{params}");
        }
        let call = asked(&json!({"id": 1, "method": "supervisor.getState"}));
        assert_eq!(call.as_xml().ok(), xmlrpc::call_text("supervisor.getState", &[], 10_000).ok());
    }

    #[test]
    fn every_fault_reads_as_the_same_fault() {
        let call = asked(&json!({"id": 7, "method": "supervisor.getState"}));
        for code in [1, 2, 3, 4, 6, 10, 11, 20, 21, 30, 40, 50, 60, 70, 90, 91, 92, 555] {
            let fault = XmlFault { code, text: "TEXT: x".to_owned() };
            let answer = call.answered(xmlrpc::fault_text(&fault).as_bytes()).expect("it is XML");
            let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
            assert_eq!(answer["id"], 7);
            let error: ErrorObjectOwned =
                serde_json::from_value(answer["error"].clone()).expect("an error");
            let read = code::fault(&error).expect("a fault");
            assert_eq!(read.fault, Some(code));
            assert!(code < 3 || read.message == "TEXT: x", "{read:?}");
        }
    }

    #[test]
    fn what_supervisor_has_is_known_by_its_namespace() {
        let is_supervisors = |method: &str| asked(&json!({"id": 1, "method": method})).is_supervisors();
        assert!(is_supervisors("supervisor.anything") && is_supervisors("system.multicall"));
        assert!(!is_supervisors("system.info") && !is_supervisors("process.list") && !is_supervisors("x"));
    }
}
