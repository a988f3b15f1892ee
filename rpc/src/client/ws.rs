//! A WebSocket: many calls and subscriptions over one connection.

use super::dial::dial;
use super::error::ConnectError;
use super::target::Target;
use super::{Endpoint, MAX_ANSWER, MAX_REQUEST};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonrpsee::core::ClientError;
use jsonrpsee_client_transport::ws::WsHandshakeError;
use jsonrpsee_ws_client::WsClientBuilder;

/// Messages of one subscription that may wait for whoever reads them; with more the client ends it. A daemon sends all
/// the events that it keeps at once (1024, and marks), and then as many as wait in its own queue.
const UNREAD: usize = 8192;

/// A client for the shell and for subscriptions.
pub type WsClient = jsonrpsee_ws_client::WsClient;

/// Connects, shakes hands, and gives a client.
///
/// # Errors
/// Whatever hinders a connection, wrong credentials among it.
pub async fn connect_ws(endpoint: &Endpoint) -> Result<WsClient, ConnectError> {
    let stream = dial(endpoint).await?;
    let mut headers = HeaderMap::new();
    if let Some(value) = endpoint.authorization() {
        headers.insert(AUTHORIZATION, value);
    }
    let shaking = WsClientBuilder::default()
        .set_headers(headers)
        .request_timeout(endpoint.request_timeout())
        .connection_timeout(endpoint.connect_timeout)
        .max_request_size(MAX_REQUEST)
        .max_response_size(MAX_ANSWER)
        .max_buffer_capacity_per_subscription(UNREAD)
        .build_with_stream(endpoint.target.url("ws"), stream);
    let after = endpoint.connect_timeout;
    match tokio::time::timeout(after, shaking).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(refused(&endpoint.target, &error)),
        Err(_) => Err(ConnectError::Timeout { target: endpoint.target.clone(), after }),
    }
}

fn refused(target: &Target, error: &ClientError) -> ConnectError {
    let ClientError::Transport(cause) = error else { return other(target, error.to_string()) };
    match cause.downcast_ref::<WsHandshakeError>() {
        Some(
            WsHandshakeError::Rejected { status_code } | WsHandshakeError::Redirected { status_code, .. },
        ) => ConnectError::of_status(target, *status_code, None)
            .unwrap_or_else(|| other(target, format!("the server answered {status_code}"))),
        Some(WsHandshakeError::Transport(handshake)) => ConnectError::NotOurs {
            target: target.clone(),
            answer: format!("no WebSocket handshake: {handshake}"),
        },
        Some(WsHandshakeError::Timeout(after)) => {
            ConnectError::Timeout { target: target.clone(), after: *after }
        }
        _ => other(target, cause.to_string()),
    }
}

fn other(target: &Target, message: String) -> ConnectError {
    ConnectError::Other { target: target.clone(), message }
}
