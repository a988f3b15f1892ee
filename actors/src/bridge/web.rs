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
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_blocking;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{Namespec, Target};
use treeherd_domain::status::LocalTime;
use treeherd_domain::stream::Stream;
use treeherd_os::clock::local_time;
use treeherd_os::follow::{Look, Reader};
use treeherd_os::watch::{Watch, Watcher};
use treeherd_web::{Control, FollowError, Followed, Log};

/// What is shown where a log was emptied.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";
/// How many followers may look at their files at a time: each takes a thread of the pool.
pub(super) const LOOKS: usize = 16;
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
        treeherd_web::Verb::Stop | treeherd_web::Verb::StopToStart => Verb::Stop,
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
        if what == treeherd_web::Verb::StopToStart && estate.record().disabled {
            return Err(Fault::disabled(&estate.namespec));
        }
        Self::one(self, &estate, verb(what), Wait::Settled).await
    }

    async fn all(&self, what: treeherd_web::Verb) -> Result<(), Fault> {
        if what != treeherd_web::Verb::StopToStart {
            return self.everyone(verb(what), Wait::Settled).await.map(drop);
        }
        self.check_running()?;
        let mut members = self.everybody(Verb::Stop);
        members.retain(|estate| !estate.record().disabled);
        Self::all(self, &members, Verb::Stop, Wait::Settled, None).await.map(drop)
    }

    fn why(&self, name: &str) -> Result<Vec<String>, Fault> {
        self.process(name).map(|estate| self.explain(&estate).1)
    }

    async fn tail(&self, name: &str, bytes: u32) -> Result<String, Fault> {
        self.read_stream(name, Stream::Stdout, -i64::from(bytes), 0).await
    }

    async fn follow(&self, log: Log<'_>, last: u64) -> Result<Followed, FollowError> {
        let Found { path, writer } = self.find(log).ok_or(FollowError::Missing)?;
        let (sender, bytes) = mpsc::channel(1);
        let opening = spawn_blocking({
            let (bridge, path) = (self.clone(), path.clone());
            move || Follower::open(&bridge.0.watcher, &path, last)
        });
        match opening.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((follower, modified_ms)) => {
                let looks = Arc::clone(&self.0.looks);
                tokio::spawn(follow(follower, looks, sender, self.shared().log.clone()));
                Ok(Followed { modified_ms, bytes })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FollowError::Missing),
            Err(error) if error.kind() == io::ErrorKind::NotSeekable => {
                tokio::spawn(listen(writer.tap(), sender));
                Ok(Followed { modified_ms: clock::wall_ms(), bytes })
            }
            Err(error) => {
                let (path, hint) = (path.display(), hint(&error));
                Err(FollowError::Refused(format!("cannot follow {path}: {error}{hint}")))
            }
        }
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

/// A place in a log, and what tells when to look again. Its calls may block.
struct Follower {
    reader: Reader,
    watch: Watch,
}

impl Follower {
    fn open(watcher: &Watcher, path: &Path, last: u64) -> io::Result<(Self, u64)> {
        let (reader, modified_ms) = Reader::open(path, last)?;
        Ok((Self { reader, watch: watcher.watch(path)? }, modified_ms))
    }

    fn look(&mut self) -> io::Result<Look> {
        let look = self.reader.look()?;
        if look == Look::Moved {
            self.watch.renew(self.reader.path())?;
        }
        Ok(look)
    }
}

/// Hands on what comes until nobody takes it.
async fn follow(mut follower: Follower, looks: Arc<Semaphore>, sender: mpsc::Sender<Bytes>, log: Logger) {
    loop {
        let Ok(turn) = Arc::clone(&looks).acquire_owned().await else { return };
        let looked = spawn_blocking(move || {
            let look = follower.look();
            drop(turn);
            (follower, look)
        });
        let Ok((back, look)) = looked.await else { return };
        follower = back;
        let piece = match look {
            Ok(Look::Bytes(bytes)) => Bytes::from(bytes),
            Ok(Look::Truncated) => Bytes::from_static(TRUNCATED),
            Ok(Look::Moved) => continue,
            Ok(Look::Nothing) => {
                tokio::select! {
                    () = follower.watch.changed() => continue,
                    () = sender.closed() => return,
                }
            }
            Err(error) => {
                let path = follower.reader.path().display();
                warn!(log, "cannot follow {path} any longer: {error}; its readers are disconnected");
                return;
            }
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
