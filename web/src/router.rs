//! Which path is answered by what, and the checks that come before.

use crate::auth::{Gate, Refusal};
use crate::form;
use crate::guard;
use crate::origin;
use crate::page;
use crate::rpc::{Session, is_json, is_upgrade};
use crate::site::{Caller, Notice, Site};
use crate::stream::Stopping;
use crate::ui;
use crate::xmlrpc;
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use futures_util::FutureExt as _;
use http::header::{CONNECTION, SERVER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the handlers and checks of one endpoint share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) site: Arc<Site>,
    /// Actions of the pages that may be carried out at a time.
    pub(crate) acting: Arc<Semaphore>,
    /// Logs that may be followed at a time.
    pub(crate) following: Arc<Semaphore>,
    gate: Option<Arc<Gate>>,
    server: HeaderValue,
}

impl Shared {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        let gate = site.credentials.as_ref().map(Gate::new).map(Arc::new);
        let token = format!("{}/{}", site.identity.name, site.identity.version);
        let server = HeaderValue::from_str(&token).unwrap_or(HeaderValue::from_static("treeherd"));
        let acting = Arc::new(Semaphore::new(site.limits.calls));
        let following = Arc::new(Semaphore::new(site.limits.connections.div_ceil(2)));
        Self { site, acting, following, gate, server }
    }
}

/// The endpoint's router. A request must carry its [`Caller`] and its [`Session`] as extensions.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", any(root))
        .route("/livez", get(|| async { page::respond(StatusCode::OK, "text/plain", "OK\n") }))
        .route(treeherd_rpc::client::PATH, any(rpc))
        .method_not_allowed_fallback(|| async { page::plain_error(StatusCode::METHOD_NOT_ALLOWED) })
        .fallback(other)
        .layer(from_fn_with_state(shared.clone(), check))
        .layer(from_fn_with_state(shared.clone(), contain))
        .with_state(shared)
}

/// JSON-RPC or the page: both can be posted to `/`.
async fn root(
    state: State<Shared>,
    session: Extension<Session>,
    stop: Extension<Stopping>,
    request: Request,
) -> Response {
    match is_upgrade(request.headers()) || *request.method() == Method::POST && is_json(request.headers()) {
        true => rpc(session, request).await,
        false => ui::answer(state, stop, request).await,
    }
}

/// XML-RPC, or what a browser looks at.
async fn other(
    state: State<Shared>,
    session: Extension<Session>,
    stop: Extension<Stopping>,
    request: Request,
) -> Response {
    match xmlrpc::is_at(&form::unquote(request.uri().path())) {
        true => xmlrpc::answer(&state, session.0, request).await,
        false => ui::answer(state, stop, request).await,
    }
}

async fn rpc(Extension(session): Extension<Session>, request: Request<Body>) -> Response {
    session.answer(request).await
}

/// Lets in who may: before routing, so that a path that does not exist tells a stranger nothing either.
async fn check(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    if let Some(gate) = &shared.gate {
        match gate.check(request.headers()) {
            Ok(user) => _ = request.extensions_mut().insert(user),
            Err(Refusal::Unauthorized) => return unauthorized(),
            Err(Refusal::Malformed) => return page::plain_error(StatusCode::BAD_REQUEST),
        }
    }
    let is_harmless =
        matches!(*request.method(), Method::GET | Method::HEAD) && !is_upgrade(request.headers());
    let is_inet = matches!(request.extensions().get(), Some(Caller::Inet(_)));
    if !is_harmless && origin::is_foreign(request.headers()) {
        return page::error(StatusCode::FORBIDDEN, origin::FOREIGN);
    }
    let is_open = is_inet && !is_harmless && shared.gate.is_none();
    if is_open && origin::is_rebound(request.headers(), &shared.site.hosts) {
        let message = "this name may have been pointed here by another site: use an address or this machine's \
                       own name, or set username and password for this port";
        return page::error(StatusCode::FORBIDDEN, message);
    }
    next.run(request).await
}

fn unauthorized() -> Response {
    let mut response = page::plain_error(StatusCode::UNAUTHORIZED);
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"default\""));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Answers whatever happens inside, says who answers, and tells of it.
async fn contain(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get().cloned().unwrap_or(Caller::Unknown);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let incident = guard::incident(&shared.site, &path, panic.as_ref());
            let message = format!("internal error, incident {incident}; see the daemon's log");
            page::error(StatusCode::INTERNAL_SERVER_ERROR, &message)
        }
    };
    response.headers_mut().insert(SERVER, shared.server.clone());
    let status = response.status().as_u16();
    shared.site.tell(&Notice::Access { caller: &caller, method: method.as_str(), path: &path, status });
    response
}
