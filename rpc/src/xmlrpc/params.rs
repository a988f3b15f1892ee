//! Making the parameters of an XML-RPC call the types that the method asks for, as Python does in passing.
//!
//! Python takes anything for a truth value and a text of digits for an integer, so clients send `1` for `true` and
//! `"1600"` for 1600. What cannot be made to fit stays as it is, and is refused where it is read.

use super::element::integer;
use crate::api::method;
use serde_json::{Value, json};

/// The method whose parameters are calls again.
const MULTICALL: &str = "system.multicall";

/// Makes parameters fit the signature of this method; those of the calls in a `system.multicall` as well.
pub fn fit(name: &str, params: &mut [Value]) {
    let Some(method) = method(name) else { return };
    for (value, param) in params.iter_mut().zip(method.params) {
        match param.kind {
            "boolean" => *value = Value::Bool(is_true(value)),
            "int" => fit_integer(value),
            "string" if name == "supervisor.sendRemoteCommEvent" => fit_text(value),
            _ => {}
        }
    }
    if name == MULTICALL
        && let Some(Value::Array(calls)) = params.first_mut()
    {
        calls.iter_mut().for_each(fit_call);
    }
}

fn fit_call(call: &mut Value) {
    let name = call.get("methodName").and_then(Value::as_str).unwrap_or_default().to_owned();
    // A call within a call is refused, however deep it goes.
    if name != MULTICALL
        && let Some(params) = call.get_mut("params").and_then(Value::as_array_mut)
    {
        fit(&name, params);
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn fit_integer(value: &mut Value) {
    let fitting = match &*value {
        Value::Bool(value) => Some(i64::from(*value)),
        Value::String(text) => integer(text),
        #[expect(clippy::cast_possible_truncation, reason = "towards zero, and to the nearest there is")]
        Value::Number(number) if number.is_f64() => number.as_f64().map(|number| number as i64),
        _ => None,
    };
    if let Some(fitting) = fitting {
        *value = json!(fitting);
    }
}

fn fit_text(value: &mut Value) {
    if matches!(value, Value::Number(_) | Value::Bool(_)) {
        *value = Value::String(shown(value).unwrap_or_default());
    }
}

/// A number or truth value as Python prints it.
#[must_use]
pub fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
