//! What the pages and log streams ask for: Supervisor's own methods, and logs followed by their files.
//!
//! ```text
//!   inotify ─► Watch ─► follow: Reader::look on the blocking pool ─► one piece at a time ─► the client
//! ```
//!
//! A log is followed in its file and not at its tap, so that one is seen to be rolled over, emptied or written
//! by others too, whether its program runs or not, and a slow client costs no memory: what it has not taken
//! waits in the file.

use super::Bridge;
use crate::clock;
use crate::command::{Verb, Wait};
use bytes::Bytes;
use jsonrpsee::core::async_trait;
use slog::{Logger, warn};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{Namespec, Target};
use treeherd_domain::status::LocalTime;
use treeherd_domain::stream::Stream;
use treeherd_os::clock::local_time;
use treeherd_os::follow::{Look, Reader};
use treeherd_os::watch::Watch;
use treeherd_web::{Control, FollowError, Followed, Log};

/// What is shown where a log was emptied.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";
/// How long a client may take nothing of a log before it is given up.
const SLOW: Duration = Duration::from_secs(60 * 60);

impl Bridge {
    /// The file of a log; `None` if there is no such log.
    fn file(&self, log: Log<'_>) -> Option<PathBuf> {
        match log {
            Log::Main => self.0.main_log.path().map(ToOwned::to_owned),
            Log::Process { name, channel } => {
                let estate = self.process(name).ok()?;
                let stream = estate.stream(Stream::parse(channel)?)?;
                stream.path().map(ToOwned::to_owned)
            }
        }
    }
}

const fn verb(verb: treeherd_web::Verb) -> Verb {
    match verb {
        treeherd_web::Verb::Start => Verb::Start,
        treeherd_web::Verb::Stop => Verb::Stop,
        treeherd_web::Verb::Clear => Verb::Clear,
    }
}

#[async_trait]
impl Control for Bridge {
    fn is_process(&self, name: &str) -> bool {
        matches!(Namespec::parse(name), Target::Process(_)) && self.process(name).is_ok()
    }

    async fn one(&self, name: &str, what: treeherd_web::Verb) -> Result<(), Fault> {
        self.check_running()?;
        let estate = self.process(name)?;
        Self::one(self, &estate, verb(what), Wait::Settled).await
    }

    async fn all(&self, what: treeherd_web::Verb) -> Result<(), Fault> {
        self.everyone(verb(what), Wait::Settled).await.map(drop)
    }

    async fn tail(&self, name: &str, bytes: u32) -> Result<String, Fault> {
        self.read_stream(name, Stream::Stdout, -i64::from(bytes), 0).await
    }

    async fn follow(&self, log: Log<'_>, last: u64) -> Result<Followed, FollowError> {
        let path = self.file(log).ok_or(FollowError::Missing)?;
        let opened = spawn_blocking({
            let path = path.clone();
            move || Reader::open(&path, last)
        });
        let refused = |error: io::Error| {
            FollowError::Refused(format!("cannot follow {}: {error}{}", path.display(), hint(&error)))
        };
        let (reader, modified_ms) = match opened.await.unwrap_or_else(|error| Err(io::Error::other(error)))
        {
            Ok(opened) => opened,
            Err(error) if is_missing(&error) => return Err(FollowError::Missing),
            Err(error) => return Err(refused(error)),
        };
        let watch = self.0.watcher.watch(&path).map_err(refused)?;
        let (sender, bytes) = mpsc::channel(1);
        tokio::spawn(follow(reader, watch, sender, self.shared().log.clone()));
        Ok(Followed { modified_ms, bytes })
    }

    fn local_time(&self) -> LocalTime {
        local_time(clock::wall_ms())
    }
}

/// No file, or none that has an end.
fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::NotSeekable
}

/// What to do about it.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => " (raise the system's limit fs.inotify.max_user_watches)",
        io::ErrorKind::PermissionDenied => " (the daemon's user must be able to read it)",
        _ => "",
    }
}

/// Hands on what comes until nobody takes it.
async fn follow(mut reader: Reader, mut watch: Watch, sender: mpsc::Sender<Bytes>, log: Logger) {
    loop {
        let looked = spawn_blocking(move || {
            let look = reader.look();
            (reader, look)
        });
        let Ok((back, look)) = looked.await else { return };
        reader = back;
        let piece = match look {
            Ok(Look::Bytes(bytes)) => Bytes::from(bytes),
            Ok(Look::Truncated) => Bytes::from_static(TRUNCATED),
            Ok(Look::Moved) => match watch.renew(reader.path()) {
                Ok(()) => continue,
                Err(error) => return gone(&log, &reader, &error),
            },
            Ok(Look::Nothing) => {
                tokio::select! {
                    () = watch.changed() => continue,
                    () = sender.closed() => return,
                }
            }
            Err(error) => return gone(&log, &reader, &error),
        };
        if !matches!(tokio::time::timeout(SLOW, sender.send(piece)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn gone(log: &Logger, reader: &Reader, error: &io::Error) {
    warn!(
        log,
        "cannot follow {} any longer: {error}; its readers are disconnected",
        reader.path().display()
    );
}
