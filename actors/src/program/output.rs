//! What the rotators tell of a program's output: events to be announced, losses, trouble with files.

use super::Program;
use crate::rotator::outbox::Lost;
use crate::rotator::stream::StreamEstate;
use crate::rotator::{News, Trouble};
use actix::{AsyncContext, Context, Handler};
use slog::{error, warn};
use std::sync::Arc;
use std::time::Duration;
use treeherd_domain::event::EventKind;

/// Losses are told together, at most this often.
const LOSSES: Duration = Duration::from_secs(1);

impl Program {
    /// Announces the events that wait in the outboxes.
    pub(super) fn announce_output(&mut self, context: &mut Context<Self>) {
        for stream in self.estate.streams() {
            for (event, held) in stream.outbox().take() {
                self.shared.announce_held(event, Some(held));
            }
        }
        let lost = self.estate.streams().any(|stream| stream.outbox().has_lost());
        if lost && !std::mem::replace(&mut self.counting, true) {
            context.run_later(LOSSES, |actor, _| actor.tell_losses());
        }
    }

    fn tell_losses(&mut self) {
        self.counting = false;
        let streams: Vec<Arc<StreamEstate>> = self.estate.streams().cloned().collect();
        for stream in streams {
            let Lost { events, bytes } = stream.outbox().take_lost();
            if events > 0 {
                let message = format!(
                    "{events} events with {bytes} bytes of output were dropped: they came faster than they were \
                     delivered (the log has all of it, but for captures)"
                );
                warn!(self.shared.log, "{} events of {}: {message}", stream.stream, self.estate.namespec);
                self.announce_trouble(Trouble { stream: stream.stream, message });
            }
        }
    }

    fn announce_trouble(&self, Trouble { stream, message }: Trouble) {
        let namespec = self.estate.namespec.clone();
        self.shared.announce(EventKind::LogTrouble { namespec, stream, message });
    }
}

impl Handler<News> for Program {
    type Result = ();

    fn handle(&mut self, _: News, context: &mut Self::Context) {
        self.announce_output(context);
    }
}

impl Handler<Trouble> for Program {
    type Result = ();

    fn handle(&mut self, trouble: Trouble, _: &mut Self::Context) {
        let Trouble { stream, message } = &trouble;
        error!(self.shared.log, "{stream} log of {}: {message}", self.estate.namespec);
        self.announce_trouble(trouble);
    }
}
