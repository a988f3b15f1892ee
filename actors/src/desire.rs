//! Changing what operators have asked for, for good: in its file first, then in the arena.
//!
//! ```text
//! the desired state, changed ─► its file, as a whole (blocking pool) ─► arena ─► the groups' records
//!                                  `─ failed: nothing is changed, whoever asked is told why
//! ```
//!
//! One change after the other, so that the file and the arena never differ by two. Nothing else writes the file while
//! the tree runs. A file system that does not answer holds up whoever asks for [`PATIENCE`] and no longer; what is written
//! after that is taken back, since it was told to have failed. Absent: what is desired (`domain::desired`), and how a file
//! is replaced (`os::keep`).

use crate::estate::Arena;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::timeout;
use treeherd_domain::desired::Desired;
use treeherd_domain::duration::Shown;
use treeherd_domain::fault::Fault;
use treeherd_os::keep;

/// How long one change may take, and how long it waits for the one before.
const PATIENCE: Duration = Duration::from_secs(20);

/// What whoever changes it has to know.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Whether the file may be another than what is desired, so that the next change is written even if it is none.
    is_behind: bool,
}

/// What holds if a change cannot be kept.
const UNCHANGED: &str = "nothing is changed";
const HOLDS: &str = "it holds until the daemon ends";

/// Changes the desired state.
pub(crate) async fn change(arena: &Arc<Arena>, change: impl FnOnce(&mut Desired)) -> Result<(), Fault> {
    let path = arena.started().daemon.state_file.clone();
    let turn = turn(arena).await.ok_or_else(|| late(&path, UNCHANGED))?;
    let before = arena.desired();
    let mut desired = before.clone();
    change(&mut desired);
    if desired == before && !turn.is_behind {
        return Ok(());
    }
    let (arena, file) = (Arc::clone(arena), path.clone());
    let (told, written) = oneshot::channel();
    tokio::spawn(async move {
        let mut turn = turn;
        let result = write(file.clone(), desired.to_text(), UNCHANGED).await;
        match (&result, told.is_closed()) {
            (Ok(()), false) => {
                arena.set_desired(desired);
                turn.is_behind = false;
            }
            // should that fail, the next change is written over it
            (Ok(()), true) => turn.is_behind = write(file, before.to_text(), UNCHANGED).await.is_err(),
            (Err(_), _) => turn.is_behind = true,
        }
        let _ = told.send(result); // whoever waited no longer was told
    });
    in_time(written, &path, UNCHANGED).await
}

/// The same where it has changed whether it can be kept or not.
pub(crate) async fn note(arena: &Arc<Arena>, change: impl FnOnce(&mut Desired)) -> Result<(), Fault> {
    let path = arena.started().daemon.state_file.clone();
    let turn = turn(arena).await;
    let mut desired = arena.desired();
    change(&mut desired);
    if desired == arena.desired() {
        return Ok(());
    }
    arena.set_desired(desired.clone());
    let turn = turn.ok_or_else(|| late(&path, HOLDS))?;
    let (told, written) = oneshot::channel();
    let file = path.clone();
    tokio::spawn(async move {
        let mut turn = turn;
        let result = write(file, desired.to_text(), HOLDS).await;
        turn.is_behind = result.is_err();
        let _ = told.send(result); // the same
    });
    in_time(written, &path, HOLDS).await
}

/// The right to change it; `None`: whoever has it does not come to an end.
async fn turn(arena: &Arena) -> Option<OwnedMutexGuard<Turn>> {
    timeout(PATIENCE, Arc::clone(&arena.desiring).lock_owned()).await.ok()
}

/// Writes the file. `otherwise` tells what holds if that fails.
async fn write(path: PathBuf, text: String, otherwise: &'static str) -> Result<(), Fault> {
    let written = tokio::task::spawn_blocking(move || {
        keep::replace(&path, &text).map_err(|error| Fault::Failed(refusal(&path, &error, otherwise)))
    });
    written.await.unwrap_or_else(|error| Err(Fault::Failed(format!("an internal task failed: {error}"))))
}

async fn in_time(
    written: oneshot::Receiver<Result<(), Fault>>,
    path: &Path,
    otherwise: &'static str,
) -> Result<(), Fault> {
    match timeout(PATIENCE, written).await {
        Ok(told) => told.unwrap_or_else(|_| Err(Fault::Failed("an internal task was lost".to_owned()))),
        Err(_) => Err(late(path, otherwise)),
    }
}

/// The file system does not answer.
fn late(path: &Path, otherwise: &str) -> Fault {
    Fault::Failed(format!(
        "{} was not written within {}; this could not be kept, and {otherwise}: its file system does not answer, see to that, \
         or name another file in [supervisord] state_file and restart the daemon",
        path.display(),
        Shown(PATIENCE)
    ))
}

/// Why a state file cannot be written, and what to do about it.
fn refusal(path: &Path, error: &io::Error, otherwise: &str) -> String {
    let path = path.display();
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room there, then say it again",
        io::ErrorKind::FileTooLarge => {
            "the daemon may not write files of that size: raise its limit (ulimit -f), and restart it"
        }
        _ => "name a file that can be written in [supervisord] state_file, and restart the daemon",
    };
    format!("{path} cannot be written: {error}; this could not be kept, and {otherwise}: {advice}")
}
