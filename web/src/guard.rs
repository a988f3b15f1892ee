//! What stands between jsonrpsee and the methods: every call ends with an answer.
//!
//! ```text
//!   call ---------.
//!   batch --each--+--> subscription over plain HTTP? too many calls? --> catch_unwind(method) --> answer
//!   notification -'                                                        `-> incident id, ActorCrashed
//! ```
//!
//! jsonrpsee's own batch does not pass through `call`, and its notifications are not carried out; both
//! do here. A notification runs and its outcome is dropped.

use crate::caller;
use crate::rpc::PlainHttp;
use crate::site::{Caller, Notice, Site};
use crate::xmlrpc::OverXml;
use futures_util::FutureExt as _;
use jsonrpsee::MethodCallback;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification, Request, RpcServiceT};
use jsonrpsee::core::server::BatchResponseBuilder;
use jsonrpsee::server::MethodResponse;
use jsonrpsee::server::middleware::rpc::RpcService;
use jsonrpsee::types::error::{METHOD_NOT_FOUND_CODE, METHOD_NOT_FOUND_MSG};
use jsonrpsee::types::{ErrorObjectOwned, Id, TwoPointZero};
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit};
use treeherd_domain::cause::Via;
use treeherd_domain::fault::Fault;
use treeherd_rpc::api;
use treeherd_rpc::code::{self, Kind};

static INCIDENTS: AtomicU64 = AtomicU64::new(1);

/// Reports a panic and gives its id.
pub(crate) fn incident(site: &Site, doing: &str, panic: &(dyn Any + Send)) -> String {
    let number = INCIDENTS.fetch_add(1, Ordering::Relaxed);
    let incident = format!("web-{}-{number}", std::process::id());
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text");
    site.tell(&Notice::Panic { incident: &incident, doing, message });
    incident
}

/// Makes a [`Guard`] for each connection.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer {
    site: Arc<Site>,
    calls: Arc<Semaphore>,
}

impl GuardLayer {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        let calls = Arc::new(Semaphore::new(site.limits.calls));
        Self { site, calls }
    }
}

impl tower::Layer<RpcService> for GuardLayer {
    type Service = Guard;

    fn layer(&self, inner: RpcService) -> Guard {
        let own_calls = Arc::new(Semaphore::new(self.site.limits.calls_per_connection));
        Guard { inner, site: Arc::clone(&self.site), calls: Arc::clone(&self.calls), own_calls }
    }
}

/// The calls of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    inner: RpcService,
    site: Arc<Site>,
    calls: Arc<Semaphore>,
    own_calls: Arc<Semaphore>,
}

impl Guard {
    fn is_subscription(&self, method: &str) -> bool {
        let callback = self.site.methods.method(method);
        matches!(callback, Some(MethodCallback::Subscription(_) | MethodCallback::Unsubscription(_)))
    }

    fn permits(&self) -> Option<(SemaphorePermit<'_>, SemaphorePermit<'_>)> {
        Some((self.own_calls.try_acquire().ok()?, self.calls.try_acquire().ok()?))
    }

    /// What keeps a request from being carried out, whoever else is served.
    fn refusal(&self, request: &Request<'_>) -> Option<ErrorObjectOwned> {
        let method = request.method_name();
        if request.extensions().get::<PlainHttp>().is_some() && self.is_subscription(method) {
            let message = format!("{method} is a subscription, and subscriptions need a WebSocket");
            return Some(Kind::SubscriptionNeedsWebSocket.error(message, Some(method)));
        }
        if self.site.methods.method(method).is_none() {
            let data = format!("there is no method {method:?}; `system.listMethods` tells them all");
            return Some(ErrorObjectOwned::owned(METHOD_NOT_FOUND_CODE, METHOD_NOT_FOUND_MSG, Some(data)));
        }
        let params = request.params.as_ref().map(|params| params.get());
        api::check_params(method, params).err()
    }

    async fn answer(self, mut request: Request<'_>) -> MethodResponse {
        let method = request.method_name().to_owned();
        let id = request.id().into_owned();
        if let Some(error) = self.refusal(&request) {
            return MethodResponse::error(id, error);
        }
        let Some(_permits) = self.permits() else {
            let message = "too many calls are being carried out";
            return MethodResponse::error(id, Kind::Busy.error(message, Some(&method)));
        };
        // Most calls need not wait for anything: without this, however many a client sends at once, they would be
        // carried out one after the other, before anybody else has a turn, and never be counted together.
        tokio::task::yield_now().await;
        let caller = request.extensions().get().cloned().unwrap_or(Caller::Unknown);
        if request.extensions().get::<OverXml>().is_none() {
            self.site.tell(&Notice::Call { caller: &caller, method: &method });
        }
        // A method may panic before it has given its future, too.
        let over = request.extensions().get::<OverXml>().map_or(Via::JsonRpc, |_| Via::XmlRpc);
        let asked = caller::asked(request.extensions(), over, &method);
        // a subscription runs in a task of its own
        request.extensions_mut().insert(Arc::clone(&asked));
        let running = caller::scope(asked, async { self.inner.call(request).await });
        match AssertUnwindSafe(running).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                let incident = incident(&self.site, &method, panic.as_ref());
                MethodResponse::error(id, code::error_object(&Fault::Crashed { incident }))
            }
        }
    }

    async fn answer_all(self, batch: Batch<'_>) -> MethodResponse {
        let limit = usize::try_from(self.site.limits.response_bytes).unwrap_or(usize::MAX);
        let mut answers = BatchResponseBuilder::new_with_limit(limit);
        let mut is_notified = false;
        for entry in batch {
            let answer = match entry {
                Ok(BatchEntry::Call(request)) => self.clone().answer(request).await,
                Ok(BatchEntry::Notification(notification)) => {
                    is_notified = true;
                    self.clone().run(notification).await;
                    continue;
                }
                Err(error) => {
                    let (error, id) = error.into_parts();
                    MethodResponse::error(id, error)
                }
            };
            if let Err(too_large) = answers.append(answer) {
                return too_large;
            }
        }
        match answers.is_empty() && is_notified {
            true => MethodResponse::notification(),
            false => MethodResponse::from_batch(answers.finish()),
        }
    }

    /// A notification has nobody to answer, so nobody could end a subscription it began.
    async fn run(self, notification: Notification<'_>) -> MethodResponse {
        let Notification { method, params, extensions, .. } = notification;
        if !self.is_subscription(&method) {
            let request = Request { jsonrpc: TwoPointZero, id: Id::Null, method, params, extensions };
            self.answer(request).await;
        }
        MethodResponse::notification()
    }
}

impl RpcServiceT for Guard {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.clone().answer(request)
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.clone().answer_all(batch)
    }

    fn notification<'a>(&self, n: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.clone().run(n)
    }
}
