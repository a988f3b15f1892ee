//! Changing what operators have asked for, for good: in its file first, then in the arena.
//!
//! ```text
//! the desired state, changed ─► its file, as a whole (blocking pool) ─► arena ─► the groups' records
//!                                  `─ failed: nothing is changed, whoever asked is told why
//! ```
//!
//! One change after the other, so that the file and the arena never differ by two. Nothing else writes the file while
//! the tree runs. Absent: what is desired (`domain::desired`), and how a file is replaced (`os::keep`).

use crate::estate::Arena;
use std::io;
use std::path::Path;
use treeherd_domain::desired::Desired;
use treeherd_domain::fault::Fault;
use treeherd_os::keep;

/// Changes the desired state.
pub(crate) async fn change(arena: &Arena, change: impl FnOnce(&mut Desired)) -> Result<(), Fault> {
    let _one_by_one = arena.desiring.lock().await;
    let mut desired = arena.desired();
    change(&mut desired);
    if desired != arena.desired() {
        write(arena, &desired, "nothing is changed").await?;
        arena.set_desired(desired);
    }
    Ok(())
}

/// The same where it has changed whether it can be kept or not.
pub(crate) async fn note(arena: &Arena, change: impl FnOnce(&mut Desired)) -> Result<(), Fault> {
    let _one_by_one = arena.desiring.lock().await;
    let mut desired = arena.desired();
    change(&mut desired);
    if desired == arena.desired() {
        return Ok(());
    }
    arena.set_desired(desired.clone());
    write(arena, &desired, "it holds until the daemon ends").await
}

/// Writes the file. `otherwise` tells what holds if that fails.
async fn write(arena: &Arena, desired: &Desired, otherwise: &'static str) -> Result<(), Fault> {
    let (path, text) = (arena.config().daemon.state_file.clone(), desired.to_text());
    let written = tokio::task::spawn_blocking(move || {
        keep::replace(&path, &text).map_err(|error| Fault::Failed(refusal(&path, &error, otherwise)))
    });
    written.await.unwrap_or_else(|error| Err(Fault::Failed(format!("an internal task failed: {error}"))))
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
