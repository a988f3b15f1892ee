//! Measures round trips: one trivial method, one client, one unix socket, server and client in one thread.
//!
//! ```text
//! cargo run --release -p treeherd-web --example round_trips
//! ```

use jsonrpsee::core::client::ClientT;
use jsonrpsee::{RpcModule, rpc_params};
use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};
use treeherd_rpc::client::{Endpoint, Target, connect_http, connect_ws};
use treeherd_web::{Identity, Listener, Site, serve};

const CALLS: u32 = 20_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("s.sock");
    let mut methods = RpcModule::new(());
    methods.register_method("toy.ping", |_, (), _| 1)?;
    let identity = Identity { name: "treeherd".into(), version: "0".into(), identifier: "toy".into() };
    let listener = Listener::Unix(std::os::unix::net::UnixListener::bind(&path)?);
    let server = tokio::spawn(serve(listener, Site::new(methods, identity), std::future::pending()));
    let endpoint = Endpoint::new(Target::Unix(path));
    report("HTTP, one kept-alive connection", measure(&connect_http(&endpoint).await?).await?)?;
    report("WebSocket, one call at a time", measure(&connect_ws(&endpoint).await?).await?)?;
    server.abort();
    Ok(())
}

async fn measure(client: &impl ClientT) -> Result<Duration, Box<dyn Error>> {
    for _ in 0..CALLS / 10 {
        client.request::<u32, _>("toy.ping", rpc_params![]).await?;
    }
    let begin = now();
    for _ in 0..CALLS {
        client.request::<u32, _>("toy.ping", rpc_params![]).await?;
    }
    Ok(now() - begin)
}

fn report(what: &str, took: Duration) -> std::io::Result<()> {
    let each = took / CALLS;
    let rate = f64::from(CALLS) / took.as_secs_f64();
    writeln!(std::io::stdout(), "{what}: {rate:.0}/s, {each:?} each, server and client")
}

#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock itself")]
fn now() -> Instant {
    Instant::now()
}
