//! What the toy site's pages act on: a few processes whose names say what becomes of them.

use crate::site::Toy;
use bytes::Bytes;
use jsonrpsee::core::async_trait;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::status::LocalTime;
use treeherd_web::{Control, FollowError, Followed, Log, Verb};

/// The processes, and the log `web` as somebody else writes it.
#[derive(Debug)]
pub(crate) struct Herd {
    pub(crate) toy: Arc<Toy>,
    pub(crate) log: Mutex<Option<mpsc::Receiver<Bytes>>>,
}

fn namespec(name: &str) -> Namespec {
    Namespec::new(GroupName::new(name), ProcessName::new(name))
}

#[async_trait]
impl Control for Herd {
    fn is_process(&self, name: &str) -> bool {
        !name.contains('*') && name != "nobody"
    }

    async fn one(&self, name: &str, verb: Verb) -> Result<(), Fault> {
        self.toy.acts.lock().unwrap().push(format!("{verb:?} {name}"));
        if name == "slow" {
            self.toy.begun.fetch_add(1, Ordering::SeqCst);
            self.toy.go.notified().await;
        }
        assert_ne!(name, "broken", "as the test wants it");
        match (name, verb) {
            ("nofile", _) => Err(Fault::NoFile("x".to_owned())),
            ("noexec", _) => Err(Fault::NotExecutable("x".to_owned())),
            ("started", Verb::Start) => Err(Fault::AlreadyStarted(namespec(name))),
            ("spawn", _) => Err(Fault::SpawnError { namespec: namespec(name), spawnerr: String::new() }),
            ("abnormal", _) => Err(Fault::AbnormalTermination(namespec(name))),
            ("down", _) => Err(Fault::NotRunning(namespec(name))),
            ("ending", _) => Err(Fault::ShutdownState),
            _ => Ok(()),
        }
    }

    async fn all(&self, verb: Verb) -> Result<(), Fault> {
        self.toy.acts.lock().unwrap().push(format!("{verb:?} all"));
        Ok(())
    }

    fn why(&self, name: &str) -> Result<Vec<String>, Fault> {
        match name {
            "nobody" => Err(Fault::ProcessNotFound(name.to_owned())),
            _ => Ok(vec![format!("{name} is <b>"), "  so & so".to_owned()]),
        }
    }

    async fn tail(&self, name: &str, bytes: u32) -> Result<String, Fault> {
        match name {
            "nofile" => Err(Fault::NoFile("x".to_owned())),
            "nobody" => Err(Fault::ProcessNotFound(name.to_owned())),
            _ => Ok(format!("\n<the last {bytes}>\n")),
        }
    }

    async fn follow(&self, log: Log<'_>, last: u64) -> Result<Followed, FollowError> {
        assert_eq!(last, 1024);
        match log {
            Log::Main => {}
            Log::Process { name: "g:web", channel: "stdout" | "stderr" } => {}
            Log::Process { name: "full", .. } => {
                return Err(FollowError::Refused("no <room>".to_owned()));
            }
            Log::Process { .. } => return Err(FollowError::Missing),
        }
        let bytes = self.log.lock().unwrap().take().ok_or(FollowError::Missing)?;
        Ok(Followed { modified_ms: 1_700_000_000_999, bytes })
    }

    fn local_time(&self) -> LocalTime {
        LocalTime { year: 2026, month: 11, day: 2, hour: 14, minute: 5, second: 9, millis: 7 }
    }
}
