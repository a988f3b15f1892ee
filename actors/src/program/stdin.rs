//! Writing to the standard input of a process: at once what the pipe takes, the rest in order as it drains.

use super::{Program, Write};
use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use treeherd_domain::fault::Fault;
use treeherd_os::pipe::{StdinWriter, write_now};

/// Bytes that may wait for a process that does not read.
const WAITING: usize = 1024 * 1024;

impl Handler<Write> for Program {
    type Result = Result<(), Fault>;

    fn handle(&mut self, Write { bytes }: Write, context: &mut Self::Context) -> Self::Result {
        self.drive(context);
        let namespec = self.estate.namespec.clone();
        let mut record = self.estate.record();
        let stopping = record.machine.name() == treeherd_domain::status::ProcessState::Stopping;
        if record.process.is_none() || stopping {
            return Err(Fault::NotRunning(namespec));
        }
        let Some(stdin) = record.stdin.clone() else {
            return Err(Fault::NoFile(namespec.to_string()));
        };
        if record.stdin_queue.len() + bytes.len() > WAITING {
            return Err(Fault::Failed(format!(
                "{namespec} does not read its standard input: {} bytes wait for it",
                record.stdin_queue.len()
            )));
        }
        record.stdin_queue.extend(bytes);
        drop(record);
        self.flush(&stdin);
        let waiting = !self.estate.record().stdin_queue.is_empty();
        if self.estate.record().stdin.is_none() {
            return Err(Fault::NoFile(namespec.to_string()));
        }
        if waiting && !self.writing {
            self.write_on(stdin, context);
        }
        Ok(())
    }
}

impl Program {
    /// Writes what the pipe takes now. A pipe that nobody reads any more is given up.
    fn flush(&self, stdin: &Arc<OwnedFd>) {
        let mut record = self.estate.record();
        while !record.stdin_queue.is_empty() {
            let written = write_now(&**stdin, record.stdin_queue.make_contiguous());
            match written {
                Ok(0) => return,
                Ok(count) => drop(record.stdin_queue.drain(..count)),
                Err(_) => {
                    record.stdin_queue.clear();
                    record.stdin = None;
                }
            }
        }
    }

    /// Goes on when the pipe has room again.
    fn write_on(&mut self, stdin: Arc<OwnedFd>, context: &mut Context<Self>) {
        let Ok(writer) = StdinWriter::new(&stdin) else { return };
        self.writing = true;
        let room = async move { writer.writable().await };
        context.spawn(room.into_actor(self).map(move |room, actor, context| {
            actor.writing = false;
            let current = actor.estate.record().stdin.as_ref().is_some_and(|s| Arc::ptr_eq(s, &stdin));
            if room.is_ok() && current {
                actor.flush(&stdin);
                if !actor.estate.record().stdin_queue.is_empty() {
                    actor.write_on(stdin, context);
                }
            }
        }));
    }
}
