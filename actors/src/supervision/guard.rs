//! Guarded spawn: an actor's context runs inside a task that catches its panic.
//!
//! ```text
//! task: poll the context ──► Ok            ──► Exit::Normal ─┐
//!                        └─► panic, caught ──► Exit::Panic  ─┤► drop the context, guarded too ► drop the Link
//! ```
//!
//! The context is dropped after the catch, so that `stopping()`, `stopped()` and every `Drop` run while
//! nothing unwinds, and a second panic there is a value too and not an abort.

use super::link::{Exit, Link};
use crate::clock;
use actix::dev::channel;
use actix::{Actor, Addr, ArbiterHandle, AsyncContext, Context};
use futures_util::FutureExt;
use std::any::Any;
use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Messages in an actor's mailbox before `try_send` is refused (`do_send` always gets in).
const MAILBOX: usize = 16;

/// Starts an actor on this thread.
pub fn start<A>(link: Link, make: impl FnOnce(&mut Context<A>, Link) -> A) -> Addr<A>
where
    A: Actor<Context = Context<A>>,
{
    let context = Context::new();
    let address = context.address();
    run(context, link, make);
    address
}

/// Starts an actor on another thread. If that thread is gone, the actor counts as ended.
pub fn start_on<A>(
    arbiter: &ArbiterHandle,
    link: Link,
    make: impl FnOnce(&mut Context<A>, Link) -> A + Send + 'static,
) -> Addr<A>
where
    A: Actor<Context = Context<A>>,
{
    let (sender, receiver) = channel::channel(MAILBOX);
    arbiter.spawn_fn(move || run(Context::with_receiver(receiver), link, make));
    Addr::new(sender)
}

fn run<A>(mut context: Context<A>, link: Link, make: impl FnOnce(&mut Context<A>, Link) -> A)
where
    A: Actor<Context = Context<A>>,
{
    let made = catch_unwind(AssertUnwindSafe(|| make(&mut context, link.clone())));
    let actor = match made {
        Ok(actor) => actor,
        Err(payload) => return fell(&link, &*payload),
    };
    let mut future = Box::pin(context.into_future(actor));
    actix_rt::spawn(async move {
        let mut is_at_work = false;
        let turns = poll_fn(|waker| {
            let polled = future.as_mut().poll(waker);
            if !is_at_work {
                link.at_work();
                is_at_work = true;
            }
            polled
        });
        if let Err(payload) = AssertUnwindSafe(turns).catch_unwind().await {
            fell(&link, &*payload);
        }
        let at = clock::now();
        // its destructors may be wrong as well; the first word about the end stands
        match catch_unwind(AssertUnwindSafe(move || drop(future))) {
            Ok(()) => link.ended_at(Exit::Normal, at),
            Err(payload) => fell(&link, &*payload),
        }
    });
}

/// Says by which panic, and when: an unwinding that takes long counts as well.
fn fell(link: &Link, payload: &(dyn Any + Send)) {
    let (text, at) = LAST_PANIC
        .with(|last| last.borrow_mut().take())
        .unwrap_or_else(|| (payload_text(payload).to_owned(), clock::now()));
    link.ended_at(Exit::Panic(text), at);
}

thread_local! {
    static LAST_PANIC: RefCell<Option<(String, Instant)>> = const { RefCell::new(None) };
}

/// Replaces the process's panic hook by one that keeps text and place for the report, prints nothing
/// and takes no backtrace. For the daemon; an embedding program may keep its own.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let text = format!("{} at {place}", payload_text(info.payload()));
        LAST_PANIC.with(|last| *last.borrow_mut() = Some((text, clock::now())));
    }));
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
}
