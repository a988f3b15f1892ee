//! Logs: read from their files on the blocking pool, followed from their taps.

use super::Bridge;
use super::events::OVER;
use crate::clock;
use crate::farewell::Stay;
use crate::rotator::tap::{Chunk, Joined};
use jsonrpsee::core::{RpcResult, SubscriptionResult, async_trait};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use serde::Serialize;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;
use treeherd_domain::fault::Fault;
use treeherd_domain::stream::Stream;
use treeherd_os::tail::ReadError;
use treeherd_rpc::api::LogApiServer;
use treeherd_rpc::code::error_object;
use treeherd_rpc::wire::{LogItem, LogSlice, LogStart};

/// The most that one read answers.
const MOST: u64 = 1024 * 1024;
/// What a reader that names no place gets.
const LAST: LogStart = LogStart::Last(4096);
/// What a follower that names no place gets first.
const FIRST: LogStart = LogStart::Last(1024);
/// How long a subscriber may be unable to take an item before it is given up.
const SLOW: Duration = Duration::from_secs(30);

/// A log by name: its file, and its live end.
struct Followed {
    path: Option<PathBuf>,
    joined: Joined,
}

/// Bytes as text; what is not UTF-8 is replaced.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// `readLog` and its like.
pub(super) async fn read_log(path: PathBuf, offset: i64, length: i64) -> Result<String, Fault> {
    let read = tokio::task::spawn_blocking(move || {
        treeherd_os::tail::read(&path, offset, length).map_err(|error| match error {
            ReadError::BadArguments => Fault::BadArguments(String::new()),
            ReadError::Failed { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Fault::NoFile(path.display().to_string())
            }
            ReadError::Failed { path, source } => {
                Fault::Failed(format!("cannot read {}: {source}", path.display()))
            }
            ReadError::TooMuch { path, bytes } => Fault::Failed(format!(
                "{bytes} bytes of {} are too many for one answer: give an offset and a length",
                path.display()
            )),
        })
    });
    let read = read.await.map_err(|error| Fault::Failed(format!("an internal task failed: {error}")))?;
    read.map(text)
}

/// A piece of a file that ends at `end` at the latest, and where it begins.
fn slice(path: &Path, from: &LogStart, end: Option<u64>, most: u64) -> io::Result<(Vec<u8>, u64)> {
    let (mut file, size) = treeherd_os::tail::open(path)?;
    let end = end.unwrap_or(size).min(size);
    let start = match *from {
        LogStart::Offset(offset) => offset.min(end),
        LogStart::Last(bytes) => end.saturating_sub(bytes.min(most)),
    };
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take((end - start).min(most)).read_to_end(&mut bytes)?;
    Ok((bytes, start))
}

impl Bridge {
    /// Empties the daemon's log, as Supervisor words its troubles.
    pub(super) async fn clear_main_log(&self) -> Result<(), Fault> {
        let log = self.0.main_log.clone();
        let path = log.path().map(ToOwned::to_owned).ok_or(Fault::NoFile(String::new()))?;
        if !path.exists() {
            return Err(Fault::NoFile(String::new()));
        }
        slog::info!(self.shared().log, "reopening log file");
        let cleared = tokio::task::spawn_blocking(move || log.clear().map_err(|error| error.to_string()));
        let cleared = cleared.await.map_err(|_| self.crashed())?;
        cleared.map_err(Fault::Failed)
    }

    fn log_path(&self, name: Option<&str>, stream: Option<&str>) -> Result<PathBuf, Fault> {
        let Some(name) = name else {
            let path = self.0.main_log.path().map(ToOwned::to_owned);
            return path.ok_or_else(|| Fault::NoFile("the daemon's own log is no file".to_owned()));
        };
        let (estate, stream) = (self.process(name)?, parse(stream)?);
        let path = estate.stream(stream).and_then(|s| s.path()).map(ToOwned::to_owned);
        path.ok_or_else(|| Fault::NoFile(format!("{name} keeps no {stream} in a file")))
    }

    fn joined(&self, name: Option<&str>, stream: Option<&str>) -> Result<Followed, Fault> {
        let Some(name) = name else {
            let path = self.0.main_log.path().map(ToOwned::to_owned);
            return Ok(Followed { path, joined: self.0.main_log.follow() });
        };
        let estate = self.process(name)?;
        let stream = parse(stream)?;
        let stream = estate.stream(stream).ok_or_else(|| {
            Fault::NoFile(format!("{name} has no {stream} of its own: redirect_stderr is set"))
        })?;
        Ok(Followed { path: stream.path().map(ToOwned::to_owned), joined: stream.follow() })
    }
}

fn parse(stream: Option<&str>) -> Result<Stream, Fault> {
    let name = stream.unwrap_or("stdout");
    Stream::parse(name).ok_or_else(|| Fault::BadArguments(format!("{name:?} is not stdout or stderr")))
}

#[async_trait]
impl LogApiServer for Bridge {
    async fn log_read(
        &self,
        name: Option<String>,
        stream: Option<String>,
        from: Option<LogStart>,
        max_bytes: Option<u64>,
    ) -> RpcResult<LogSlice> {
        let path = self.log_path(name.as_deref(), stream.as_deref()).map_err(|f| error_object(&f))?;
        let (from, most) = (from.unwrap_or(LAST), max_bytes.unwrap_or(MOST).min(MOST));
        let shown = path.display().to_string();
        let read = tokio::task::spawn_blocking(move || slice(&path, &from, None, most)).await;
        match read {
            Ok(Ok((bytes, offset))) => Ok(LogSlice::new(bytes, offset)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                Err(error_object(&Fault::NoFile(shown)))
            }
            Ok(Err(error)) => Err(error_object(&Fault::Failed(format!("cannot read {shown}: {error}")))),
            Err(_) => Err(error_object(&self.crashed())),
        }
    }

    async fn log_follow(
        &self,
        pending: PendingSubscriptionSink,
        name: Option<String>,
        stream: Option<String>,
        from: Option<LogStart>,
    ) -> SubscriptionResult {
        let followed = match self.joined(name.as_deref(), stream.as_deref()) {
            Ok(followed) => followed,
            Err(fault) => {
                pending.reject(error_object(&fault)).await;
                return Ok(());
            }
        };
        let stay = self.shared().farewell.join();
        let sink = pending.accept().await?;
        follow(sink, (followed, stay), from.unwrap_or(FIRST)).await;
        Ok(())
    }
}

/// First what the file holds, then what comes, until the subscriber leaves.
async fn follow(sink: SubscriptionSink, (followed, mut stay): (Followed, Stay), from: LogStart) {
    let Followed { path, joined: Joined { offset, size, mut chunks } } = followed;
    let held = tokio::task::spawn_blocking(move || match path {
        Some(path) => slice(&path, &from, Some(size), MOST).unwrap_or((Vec::new(), size)),
        None => (Vec::new(), size),
    });
    let (held, start) = held.await.unwrap_or((Vec::new(), size));
    let shown = start + held.len() as u64;
    if !held.is_empty() && !give(&sink, &LogItem::data(held, start, None)).await {
        return;
    }
    // more than one answer holds was asked for
    if shown < size && !give(&sink, &LogItem::Gap { dropped: size - shown, resume_from: size }).await {
        return;
    }
    let mut next = size;
    loop {
        let (chunk, reason) = tokio::select! {
            chunk = chunks.recv() => (chunk, "the log is gone"),
            () = stay.over() => (chunks.try_recv().ok(), OVER),
            () = sink.closed() => return,
        };
        let item = match chunk {
            Some(Chunk::Bytes { offset: at, data }) => {
                let at = size + (at - offset);
                next = at + data.len() as u64;
                LogItem::data(data.to_vec(), at, Some(clock::wall_ms()))
            }
            Some(Chunk::Gap { dropped }) => {
                next += dropped;
                LogItem::Gap { dropped, resume_from: next }
            }
            None => {
                give(&sink, &LogItem::End { reason: reason.to_owned() }).await;
                return;
            }
        };
        if !give(&sink, &item).await {
            return;
        }
    }
}

/// Sends an item; `false` if the subscriber has left or does not take it for too long.
pub(super) async fn give<T: Serialize + Sync>(sink: &SubscriptionSink, item: &T) -> bool {
    let Ok(message) = serde_json::value::to_raw_value(item) else { return false };
    matches!(tokio::time::timeout(SLOW, sink.send(message)).await, Ok(Ok(())))
}
