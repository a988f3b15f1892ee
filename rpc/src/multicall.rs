//! `system.multicall`: several calls in one, over whatever methods there are.
//!
//! Each call is `{methodName, params?}` and gives its bare result or `{faultCode, faultString}`; they run
//! one after the other. Unlike Supervisor, an element that is no struct is a fault of its own instead of
//! an internal server error. Absent: subscriptions, which have nobody to tell.

use crate::xmlrpc::XmlFault;
use jsonrpsee::core::server::{MethodCallback, Methods};
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};

/// Supervisor's name for this method, which may not call itself.
const NAME: &str = "system.multicall";

/// Carries out `calls` in turn.
pub async fn multicall(methods: &Methods, calls: Vec<Value>) -> Vec<Value> {
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        answers.push(one(methods, &call).await.unwrap_or_else(|fault| fault));
    }
    answers
}

async fn one(methods: &Methods, call: &Value) -> Result<Value, Value> {
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
    let request = json!({"jsonrpc": "2.0", "id": 0, "method": name, "params": params}).to_string();
    let (answer, _no_items) = methods.raw_json_request(&request, 1).await.map_err(|e| failed(&e))?;
    let mut answer: Value = serde_json::from_str(answer.get()).map_err(|e| failed(&e))?;
    match answer.get_mut("result").map(Value::take) {
        Some(result) => Ok(result),
        None => Err(told(answer.get_mut("error").map(Value::take).unwrap_or_default())),
    }
}

fn told(error: Value) -> Value {
    let Ok(error) = serde_json::from_value::<ErrorObjectOwned>(error) else {
        return fault(30, "FAILED: a call was not answered");
    };
    let XmlFault { code, text } = XmlFault::of(&error);
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
            json!({"methodName": "toy.nope"}),
            json!({"params": []}),
            json!({"methodName": "system.multicall", "params": []}),
            json!("toy.echo"),
        ];
        let expected = vec![
            json!("hi"),
            fault(10, "BAD_NAME: x"),
            fault(2, "INCORRECT_PARAMETERS"),
            fault(1, "UNKNOWN_METHOD"),
            fault(2, "INCORRECT_PARAMETERS: No methodName"),
            fault(2, "INCORRECT_PARAMETERS: Recursive system.multicall forbidden"),
            fault(2, "INCORRECT_PARAMETERS: a call is no struct"),
        ];
        assert_eq!(at_once(multicall(&methods(), calls)), expected);
        assert!(at_once(multicall(&methods(), Vec::new())).is_empty());
    }
}
