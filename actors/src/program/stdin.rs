//! Writing to the standard input of a process: at once what the pipe takes, the rest in order as it drains.

use super::{Program, Write};
use crate::estate::WAITING;
use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use treeherd_domain::fault::Fault;
use treeherd_os::pipe::StdinWriter;

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
        if record.stdin.is_none() {
            return Err(Fault::NoFile(namespec.to_string()));
        }
        if self.estate.place.is_some() {
            return Err(Fault::Failed(format!(
                "{namespec} is a subscriber: its standard input is for events"
            )));
        }
        if record.stdin_queue.len() + bytes.len() > WAITING {
            return Err(Fault::Failed(format!(
                "{namespec} does not read its standard input: {} bytes wait for it",
                record.stdin_queue.len()
            )));
        }
        record.stdin_queue.extend(bytes);
        drop(record);
        self.write_what_waits(context);
        if self.estate.record().stdin.is_none() {
            return Err(Fault::NoFile(namespec.to_string()));
        }
        Ok(())
    }
}

impl Program {
    /// Writes what waits for the standard input: what the pipe takes now, the rest when it has room again.
    pub(super) fn write_what_waits(&mut self, context: &mut Context<Self>) {
        let stdin = {
            let mut record = self.estate.record();
            record.flush_stdin();
            record.stdin.clone().filter(|_| !record.stdin_queue.is_empty())
        };
        if stdin.is_none() {
            self.nudge_feeder();
        }
        if let Some(stdin) = stdin.filter(|_| !self.writing) {
            self.write_on(stdin, context);
        }
    }

    /// Goes on when the pipe has room again.
    fn write_on(&mut self, stdin: Arc<OwnedFd>, context: &mut Context<Self>) {
        let Ok(writer) = StdinWriter::new(&stdin) else { return };
        self.writing = true;
        let room = async move { writer.writable().await };
        context.spawn(room.into_actor(self).map(move |room, actor, context| {
            actor.writing = false;
            // also for the next process, if there is another by now
            if room.is_ok() {
                actor.write_what_waits(context);
            }
        }));
    }
}
