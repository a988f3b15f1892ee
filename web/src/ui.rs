//! The addresses of a person's browser, Supervisor's: pages, their actions, log streams, static files.
//!
//! | path (decoded) | methods | |
//! |---|---|---|
//! | `/logtail...`, `/mainlogtail...` | GET, else 400 | [`stream`](crate::stream) |
//! | `/`, `/index.html`, `/tail.html`, `/why.html`, `/ok.html` | GET, POST, else as below | pages |
//! | all others | GET, HEAD, else 400 | [`assets`](crate::assets), or 404 |
//!
//! An action is carried out to its end even if who asked for it leaves. Absent: JSON-RPC and XML-RPC, authentication.

use crate::action::Action;
use crate::assets;
use crate::caller;
use crate::form::{self, Form};
use crate::origin;
use crate::page;
use crate::router::Shared;
use crate::rpc::read_body;
use crate::stream::{self, Stopping};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, StatusCode};
use std::sync::Arc;
use treeherd_domain::cause::Via;

/// Answers whatever no other route takes.
pub(crate) async fn answer(
    State(shared): State<Shared>,
    Extension(stop): Extension<Stopping>,
    request: Request,
) -> Response {
    let path = form::unquote(request.uri().path());
    let is_get = *request.method() == Method::GET;
    if path.starts_with("/logtail") || path.starts_with("/mainlogtail") {
        return match is_get {
            false => page::plain_error(StatusCode::BAD_REQUEST),
            true if path.starts_with("/logtail") => stream::process(&shared, &path, stop).await,
            true => stream::main(&shared, stop).await,
        };
    }
    let name = path.trim_start_matches('/');
    let is_page = matches!(name, "" | "index.html" | "tail.html" | "why.html" | "ok.html");
    if !is_page || !is_get && *request.method() != Method::POST {
        return assets::answer(request.method(), &path, request.headers(), shared.site.started_ms);
    }
    let (parts, form) = match read(&shared, request).await {
        Ok(read) => read,
        Err(status) => return page::plain_error(status),
    };
    match name {
        "ok.html" => page::respond(StatusCode::OK, "text/plain", "OK"),
        "tail.html" => tail(&shared, &form).await,
        "why.html" => why(&shared, &form),
        _ => index(&shared, &parts, &form).await,
    }
}

/// The parameters of a request for a page.
async fn read(shared: &Shared, request: Request) -> Result<(Parts, Form), StatusCode> {
    let (parts, body) = request.into_parts();
    let has_body = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| parts.headers.contains_key(name));
    let body = match (&parts.method, has_body) {
        (&Method::POST, false) => return Err(StatusCode::LENGTH_REQUIRED),
        (&Method::POST, true) => read_body(&shared.site.limits, body).await?,
        _ => bytes::Bytes::new(),
    };
    let form = Form::read(parts.uri.query().unwrap_or_default(), &body);
    Ok((parts, form))
}

async fn tail(shared: &Shared, form: &Form) -> Response {
    let Some(name) = form.get("processname") else { return page::tail::nameless() };
    let limit = page::tail::limit(form);
    page::tail::page(name, limit, shared.site.control.tail(name, limit).await)
}

fn why(shared: &Shared, form: &Form) -> Response {
    match form.get("processname") {
        Some(name) => page::why::page(name, shared.site.control.why(name)),
        None => page::tail::nameless(),
    }
}

async fn index(shared: &Shared, parts: &Parts, form: &Form) -> Response {
    let Some(action) = Action::of(form) else {
        let year = shared.site.control.local_time().year;
        return page::status::page(&shared.site.identity, year, form.get("message"), &(shared.site.rows)());
    };
    if !action.is_harmless() {
        if parts.method == Method::POST && origin::is_foreign_form(&parts.headers) {
            return page::error(StatusCode::FORBIDDEN, origin::FOREIGN);
        }
        if parts.method == Method::GET
            && origin::may_be_browser(&parts.headers)
            && let Some(question) = action.question()
        {
            return page::confirm::page(&action, &question);
        }
    }
    act(shared, parts, action).await
}

async fn act(shared: &Shared, parts: &Parts, action: Action) -> Response {
    let Ok(place) = Arc::clone(&shared.acting).try_acquire_owned() else {
        return page::error(StatusCode::SERVICE_UNAVAILABLE, "too much is being done at once: try again");
    };
    let control = Arc::clone(&shared.site.control);
    let asked = caller::asked(&parts.extensions, Via::Page, action.name());
    let doing = tokio::spawn(caller::scope(asked, async move {
        let outcome = action.carry_out(&*control).await;
        drop(place);
        outcome
    }));
    match doing.await {
        Ok(Ok(message)) => {
            let base = origin::base(&parts.headers);
            page::see_other(&format!("{base}/?message={}", form::quote(&message)))
        }
        Ok(Err(_)) => page::plain_error(StatusCode::INTERNAL_SERVER_ERROR),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => page::plain_error(StatusCode::INTERNAL_SERVER_ERROR),
        },
    }
}
