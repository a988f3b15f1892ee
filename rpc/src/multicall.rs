//! `system.multicall`: several calls in one, over whatever methods there are.
//!
//! Each call is `{methodName, params?}` and gives its bare result or `{faultCode, faultString}`; they run
//! one after the other. Unlike Supervisor, an element that is no struct is a fault of its own instead of
//! an internal server error. Absent: subscriptions, which have nobody to tell.

use crate::api::check_params;
use crate::xmlrpc::XmlFault;
use jsonrpsee::core::server::{MethodCallback, Methods};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Supervisor's name for this method, which may not call itself.
const NAME: &str = "system.multicall";

/// Carries out `calls` in turn. A result is passed on as it was written.
pub async fn multicall(methods: &Methods, calls: Vec<Value>) -> Vec<Box<RawValue>> {
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        let fault_text =
            |fault: Value| RawValue::from_string(fault.to_string()).expect("JSON is written as JSON");
        answers.push(one(methods, &call).await.unwrap_or_else(fault_text));
    }
    answers
}

/// An answer of JSON-RPC.
#[derive(Deserialize)]
struct Answer {
    result: Option<Box<RawValue>>,
    error: Option<ErrorObjectOwned>,
}

async fn one(methods: &Methods, call: &Value) -> Result<Box<RawValue>, Value> {
    let call = call.as_object().ok_or_else(|| fault(2, "INCORRECT_PARAMETERS: a call is no struct"))?;
    let name = match call.get("methodName").and_then(Value::as_str) {
        None | Some("") => return Err(fault(2, "INCORRECT_PARAMETERS: No methodName")),
        Some(NAME) => return Err(fault(2, "INCORRECT_PARAMETERS: Recursive system.multicall forbidden")),
        Some(name) => name,
    };
    match methods.method(name) {
        Some(MethodCallback::Sync(_) | MethodCallback::Async(_)) => {}
        _ => return Err(fault(1, "UNKNOWN_METHOD")),
    }
    let params = call.get("params").cloned().unwrap_or_else(|| json!([]));
    check_params(name, Some(&params.to_string())).map_err(|error| told(&error))?;
    let request = json!({"jsonrpc": "2.0", "id": 0, "method": name, "params": params}).to_string();
    let (answer, _no_items) = methods.raw_json_request(&request, 1).await.map_err(|e| failed(&e))?;
    let answer: Answer = serde_json::from_str(answer.get()).map_err(|e| failed(&e))?;
    match (answer.result, answer.error) {
        (Some(result), _) => Ok(result),
        (None, Some(error)) => Err(told(&error)),
        (None, None) => Err(fault(30, "FAILED: a call was not answered")),
    }
}

fn told(error: &ErrorObjectOwned) -> Value {
    let XmlFault { code, text } = XmlFault::of(error);
    fault(code, &text)
}

fn failed(error: &serde_json::Error) -> Value {
    fault(30, &format!("FAILED: {error}"))
}

fn fault(number: i32, text: &str) -> Value {
    json!({"faultCode": number, "faultString": text})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code;
    use jsonrpsee::RpcModule;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use treeherd_domain::fault::Fault;

    fn methods() -> Methods {
        let mut module = RpcModule::new(());
        module.register_method("toy.echo", |params, (), _| params.one::<String>()).expect("a new name");
        module
            .register_method("supervisor.getState", |_, (), _| "whatever it is given")
            .expect("a new name");
        module
            .register_async_method("toy.fail", |_, _, _| async {
                Err::<bool, _>(code::error_object(&Fault::ProcessNotFound("x".to_owned())))
            })
            .expect("a new name");
        module.into()
    }

    /// Toy methods never wait.
    fn at_once<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn each_call_has_its_result_or_its_fault() {
        let calls = vec![
            json!({"methodName": "toy.echo", "params": ["hi"]}),
            json!({"methodName": "toy.fail"}),
            json!({"methodName": "toy.echo", "params": [7]}),
            json!({"methodName": "supervisor.getState"}),
            json!({"methodName": "supervisor.getState", "params": ["more than it takes"]}),
            json!({"methodName": "toy.nope"}),
            json!({"params": []}),
            json!({"methodName": "system.multicall", "params": []}),
            json!("toy.echo"),
        ];
        let expected = vec![
            json!("hi"),
            fault(10, "BAD_NAME: x"),
            fault(2, "INCORRECT_PARAMETERS"),
            json!("whatever it is given"),
            fault(2, "INCORRECT_PARAMETERS"),
            fault(1, "UNKNOWN_METHOD"),
            fault(2, "INCORRECT_PARAMETERS: No methodName"),
            fault(2, "INCORRECT_PARAMETERS: Recursive system.multicall forbidden"),
            fault(2, "INCORRECT_PARAMETERS: a call is no struct"),
        ];
        let answers = at_once(multicall(&methods(), calls));
        let answers: Vec<Value> =
            answers.iter().map(|answer| serde_json::from_str(answer.get()).expect("it is JSON")).collect();
        assert_eq!(answers, expected);
        assert!(at_once(multicall(&methods(), Vec::new())).is_empty());
    }
}
