//! What the pages and log streams ask for: Supervisor's own methods, and logs followed by their files.
//!
//! ```text
//!   inotify ─► Watch ─► follow: Reader::look on the blocking pool ─► one piece at a time ─► the client
//! ```
//!
//! A log is followed in its file and not at its tap, so that one is seen to be rolled over, emptied or written
//! by others too, whether its program runs or not, and a slow client costs no memory: what it has not taken
//! waits in the file. What is no regular file (`/dev/stdout`) has nothing to be read again: there it is the tap.

use super::Bridge;
use crate::clock;
use crate::command::{Verb, Wait};
use crate::mainlog::MainLog;
use crate::rotator::stream::StreamEstate;
use crate::rotator::tap::{Chunk, Joined};
use bytes::Bytes;
use jsonrpsee::core::async_trait;
use slog::{Logger, warn};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
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

/// A log that there is: its file, and who writes it.
struct Found {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Main(Arc<MainLog>),
    Stream(Arc<StreamEstate>),
}

impl Bridge {
    fn find(&self, log: Log<'_>) -> Option<Found> {
        let (path, writer) = match log {
            Log::Main => {
                let log = &self.0.main_log;
                (log.path()?.to_owned(), Writer::Main(Arc::clone(log)))
            }
            Log::Process { name, channel } => {
                let estate = self.process(name).ok()?;
                let stream = estate.stream(Stream::parse(channel)?)?;
                (stream.path()?.to_owned(), Writer::Stream(Arc::clone(stream)))
            }
        };
        Some(Found { path, writer })
    }
}

impl Writer {
    fn tap(&self) -> Joined {
        match self {
            Self::Main(log) => log.follow(),
            Self::Stream(stream) => stream.follow(),
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
        let Found { path, writer } = self.find(log).ok_or(FollowError::Missing)?;
        let (sender, bytes) = mpsc::channel(1);
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(FollowError::Missing),
            Err(error) if error.kind() == io::ErrorKind::NotSeekable => {
                tokio::spawn(listen(writer.tap(), sender));
                return Ok(Followed { modified_ms: clock::wall_ms(), bytes });
            }
            Err(error) => return Err(refused(error)),
        };
        let watch = self.0.watcher.watch(&path).map_err(refused)?;
        tokio::spawn(follow(reader, watch, sender, self.shared().log.clone()));
        Ok(Followed { modified_ms, bytes })
    }

    fn local_time(&self) -> LocalTime {
        local_time(clock::wall_ms())
    }
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

/// Hands on what is written from now on.
async fn listen(joined: Joined, sender: mpsc::Sender<Bytes>) {
    let mut chunks = joined.chunks;
    loop {
        let chunk = tokio::select! {
            chunk = chunks.recv() => chunk,
            () = sender.closed() => return,
        };
        let piece = match chunk {
            Some(Chunk::Bytes { data, .. }) => Bytes::copy_from_slice(&data),
            Some(Chunk::Gap { dropped }) => Bytes::from(format!("\n==> {dropped} bytes missed <==\n")),
            None => return,
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
