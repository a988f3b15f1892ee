//! XML-RPC at `/RPC2`: the calls of JSON-RPC in Supervisor's first language.
//!
//! ```text
//!   POST --read, bounded--> XML --> method and parameters --> one JSON-RPC request --> Session (limits, guard, methods)
//!                                                                                        |
//!   200, text/xml <-- XML <-- its result, or a fault with Supervisor's number <----------'
//! ```
//!
//! So there is one table of methods, and one way to it. A call that waits holds up nobody: it is this request
//! alone that is answered later. Absent: subscriptions, which have nobody to tell, and batches
//! (`system.multicall`).

use crate::page;
use crate::router::Shared;
use crate::rpc::{Session, read_body};
use crate::site::{Notice, Site};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use treeherd_rpc::xmlrpc::{self, Call, XmlFault, params};

/// Marks a request, and the call in it, as one of XML-RPC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverXml;

/// Whether a path, decoded, is one of XML-RPC.
pub(crate) fn is_at(path: &str) -> bool {
    path.starts_with(xmlrpc::PATH)
}

/// Answers a request to such a path.
pub(crate) async fn answer(shared: &Shared, session: Session, request: Request<Body>) -> Response {
    let site = &shared.site;
    match carry_out(site, session, request).await {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
            response
        }
        Err(status) => page::plain_error(status),
    }
}

async fn carry_out(site: &Site, session: Session, request: Request<Body>) -> Result<String, StatusCode> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Err(StatusCode::BAD_REQUEST);
    }
    if !parts.headers.contains_key(CONTENT_LENGTH) {
        return Err(StatusCode::LENGTH_REQUIRED);
    }
    let body = read_body(&site.limits, body).await?;
    let call = read(site, &body)?;
    site.tell(&Notice::XmlCall { method: &call.method });
    let outcome = ask(session, &parts, &call).await.and_then(|answer| write(site, &call, &answer));
    outcome.map_err(|error| match error {
        Failure::Status(status) => status,
        Failure::Unexpected(error) => {
            let body = &String::from_utf8_lossy(&body);
            site.tell(&Notice::XmlFailed { body, error: &error });
            StatusCode::INTERNAL_SERVER_ERROR
        }
    })
}

fn read(site: &Site, body: &[u8]) -> Result<Call, StatusCode> {
    let reason = match xmlrpc::call(body) {
        Ok(call) if !call.method.is_empty() => return Ok(call),
        Ok(_) => "no method name",
        Err(_) => "unmarshallable",
    };
    site.tell(&Notice::XmlInvalid { body: &String::from_utf8_lossy(body), reason });
    Err(StatusCode::BAD_REQUEST)
}

/// Why there is no answer in XML.
enum Failure {
    Status(StatusCode),
    Unexpected(String),
}

/// The answer of JSON-RPC.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<jsonrpsee::types::ErrorObjectOwned>,
}

async fn ask(session: Session, parts: &Parts, call: &Call) -> Result<Bytes, Failure> {
    let Call { method, params } = call;
    let mut params = params.clone();
    params::fit(method, &mut params);
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params}).to_string();
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    *request.extensions_mut() = parts.extensions.clone();
    request.extensions_mut().insert(OverXml);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let response = session.answer(request).await;
    if response.status() != StatusCode::OK {
        return Err(Failure::Status(response.status()));
    }
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    body.map_err(|error| Failure::Unexpected(error.to_string()))
}

fn write(site: &Site, call: &Call, answer: &[u8]) -> Result<String, Failure> {
    let unexpected = |error: &dyn std::fmt::Display| Failure::Unexpected(error.to_string());
    let answer: Answer<'_> = serde_json::from_slice(answer).map_err(|error| unexpected(&error))?;
    let method = &*call.method;
    match (answer.result, answer.error) {
        (Some(result), _) => {
            site.tell(&Notice::XmlAnswer { method, fault: None });
            let limit = usize::try_from(site.limits.response_bytes).unwrap_or(usize::MAX);
            xmlrpc::result_text(result.get(), limit).map_err(|error| unexpected(&error))
        }
        (None, Some(error)) => {
            let fault = detailed(call, XmlFault::of(&error));
            site.tell(&Notice::XmlAnswer { method, fault: Some((fault.code, &fault.text)) });
            Ok(xmlrpc::fault_text(&fault))
        }
        (None, None) => Err(unexpected(&"neither a result nor an error")),
    }
}

/// Supervisor tells what it was given instead of a text for stdin, and nothing of the kind anywhere else.
fn detailed(call: &Call, fault: XmlFault) -> XmlFault {
    match call.params.as_slice() {
        [_, chars @ (Value::Bool(_) | Value::Number(_))]
            if call.method == "supervisor.sendProcessStdin" && fault.code == 2 =>
        {
            let chars = params::shown(chars).unwrap_or_default();
            XmlFault { text: format!("{}: {chars}", fault.text), ..fault }
        }
        _ => fault,
    }
}
