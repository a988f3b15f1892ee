//! Where a chunk goes beside its file: captures, syslog, the daemon's log, events; each when configured.
//!
//! ```text
//!   chunk ─► Divider ─► Log ──────► file, followers │ syslog │ debug copy │ PROCESS_LOG
//!            (capture,  Captured ─► ring                     │ debug copy
//!            strip_ansi) Sent ────► PROCESS_COMMUNICATION, a line in the daemon's log
//!                        Unfinished, when the process ends in a capture: as Log, but for the debug copy
//! ```
//!
//! The divider has the state and stands in the sink; the outlets have none. A chunk is divided first,
//! then written, then handed out, so that a bug in an outlet costs the file nothing.

use super::ansi::Ansi;
use super::capture::{Piece, Ring, Scanner};
use super::copies::Copies;
use super::outbox::Outbox;
use super::targets::Targets;
use crate::clock;
use crate::estate::LogSettings;
use slog::{Logger, debug};
use std::borrow::Cow;
use std::sync::Arc;
use treeherd_domain::event::{EventKind, Output};
use treeherd_domain::name::Namespec;
use treeherd_domain::stream::{Stream, StreamSpec};
use treeherd_domain::undecodable::text_or_undecodable;
use treeherd_os::syslog::Syslog;

/// A part of a chunk, stripped.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Part<'a> {
    /// Text of the log.
    Log(Cow<'a, [u8]>),
    /// Text of a capture.
    Captured(Cow<'a, [u8]>),
    /// A capture has ended; this is all of it.
    Sent(Vec<u8>),
    /// A capture that did not end: text of the log after all.
    Unfinished(Vec<u8>),
}

impl Part<'_> {
    /// What of it belongs into the file.
    fn log(&self) -> Option<&[u8]> {
        match self {
            Self::Log(text) => Some(text),
            Self::Unfinished(text) => Some(text),
            Self::Captured(_) | Self::Sent(_) => None,
        }
    }
}

/// All that belongs into the file; a copy only if it stands in several parts.
pub(super) fn log_text<'a>(parts: &'a [Part<'_>]) -> Cow<'a, [u8]> {
    let mut texts = parts.iter().filter_map(Part::log);
    let Some(first) = texts.next() else { return Cow::Borrowed(&[]) };
    let rest: Vec<&[u8]> = texts.collect();
    if rest.is_empty() { Cow::Borrowed(first) } else { Cow::Owned([&[first], &rest[..]].concat().concat()) }
}

/// The state between chunks.
#[derive(Debug, Default)]
pub(super) struct Divider {
    ansi: Option<Ansi>,
    /// Boxed, as few streams have one.
    capture: Option<Box<Capture>>,
}

#[derive(Debug)]
struct Capture {
    scanner: Scanner,
    ring: Ring,
    ansi: Option<Ansi>,
}

impl Capture {
    fn take<'a>(&mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let text = strip(&mut self.ansi, text);
        self.ring.push(&text);
        text
    }

    /// All of it; what a control sequence left half done is not the next one's.
    fn end(&mut self) -> Vec<u8> {
        self.ring.push(self.ansi.as_mut().map_or(&[][..], Ansi::finish));
        self.ring.take()
    }
}

fn strip<'a>(ansi: &mut Option<Ansi>, text: &'a [u8]) -> Cow<'a, [u8]> {
    match ansi {
        Some(ansi) => ansi.strip(text),
        None => Cow::Borrowed(text),
    }
}

impl Divider {
    /// What the configuration asks for.
    pub(super) fn new(spec: &StreamSpec, strip_ansi: bool) -> Self {
        let ansi = || strip_ansi.then(Ansi::default);
        let capture = (spec.capture_maxbytes > 0).then(|| {
            let ring = Ring::new(capture_limit(spec));
            Box::new(Capture { scanner: Scanner::default(), ring, ansi: ansi() })
        });
        Self { ansi: ansi(), capture }
    }

    /// A chunk of a stream without captures.
    pub(super) fn plain<'a>(&mut self, chunk: &'a [u8]) -> Cow<'a, [u8]> {
        strip(&mut self.ansi, chunk)
    }

    /// The parts of a chunk.
    pub(super) fn divide<'a>(&mut self, chunk: &'a [u8]) -> Vec<Part<'a>> {
        let Self { ansi, capture } = self;
        let Some(capture) = capture else { return vec![Part::Log(strip(ansi, chunk))] };
        let pieces = capture.scanner.scan(chunk).into_iter();
        let part = pieces.map(|piece| match piece {
            Piece::Log(text) => Part::Log(strip(ansi, text)),
            Piece::Captured(text) => Part::Captured(capture.take(text)),
            Piece::End => Part::Sent(capture.end()),
        });
        part.collect()
    }

    /// What was held back, when the stream ends; the next stream begins as text.
    pub(super) fn finish(&mut self) -> Vec<Part<'static>> {
        let mut parts = Vec::new();
        if let Some(capture) = &mut self.capture {
            let (held, unfinished) = capture.scanner.finish();
            match held {
                Some(Piece::Log(text)) => parts.push(Part::Log(strip(&mut self.ansi, text))),
                Some(Piece::Captured(text)) => parts.push(Part::Captured(capture.take(text))),
                Some(Piece::End) | None => {}
            }
            let captured = capture.end();
            if unfinished {
                parts.push(Part::Unfinished(captured));
            }
        }
        let escape = self.ansi.as_mut().map_or(&[][..], Ansi::finish);
        if !escape.is_empty() {
            parts.push(Part::Log(Cow::Borrowed(escape)));
        }
        parts
    }

    /// Whether [`finish`](Self::finish) would bring something.
    pub(super) fn holds(&self) -> bool {
        let escape = self.ansi.as_ref().is_some_and(Ansi::holds);
        escape || self.capture.as_ref().is_some_and(|capture| capture.scanner.holds())
    }

    /// Forgets what was captured so far.
    pub(super) fn clear(&mut self) {
        self.capture.iter_mut().for_each(|capture| drop(capture.ring.take()));
    }
}

fn capture_limit(spec: &StreamSpec) -> usize {
    usize::try_from(spec.capture_maxbytes).unwrap_or(usize::MAX)
}

/// Who wrote a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) namespec: &'a Namespec,
    pub(super) stream: Stream,
    pub(super) pid: i32,
}

impl Origin<'_> {
    fn output(&self, data: Vec<u8>) -> Output {
        Output { namespec: self.namespec.clone(), pid: self.pid, stream: self.stream, data }
    }
}

/// The outlets of a stream that has any.
#[derive(Debug)]
pub(super) struct Outlets {
    syslog: Option<Arc<Syslog>>,
    targets: Option<Targets>,
    copies: Option<Copies>,
    copy: Option<Logger>,
    events: bool,
}

impl Outlets {
    /// What the configuration asks for; `None` if that is nothing but a file.
    pub(super) fn new(spec: &StreamSpec, logs: &LogSettings) -> Option<Self> {
        let syslog = spec.syslog.then(|| Arc::clone(&logs.syslog));
        let targets = Targets::new(&spec.syslog_target, logs);
        let (copy, events) = (logs.debug.clone(), spec.events_enabled);
        let outlets = Self { syslog, targets, copies: Copies::new(spec), copy, events };
        let any = outlets.syslog.is_some() || outlets.copy.is_some() || outlets.events;
        let any = any || outlets.targets.is_some() || outlets.copies.is_some();
        (any || spec.capture_maxbytes > 0).then_some(outlets)
    }

    /// An outbox for what these send.
    pub(super) fn outbox(spec: &StreamSpec) -> Outbox {
        Outbox::new(capture_limit(spec))
    }

    /// Hands out the parts of a chunk; what syslog did not take is the answer. Events first: they are
    /// safe in the outbox whatever happens to the rest.
    pub(super) fn hand_out(
        &self,
        mut parts: Vec<Part<'_>>,
        origin: Origin<'_>,
        outbox: &Outbox,
    ) -> Option<String> {
        parts.iter_mut().for_each(|part| self.announce(part, origin, outbox));
        let mut trouble = None;
        for part in &parts {
            match part {
                Part::Log(text) => {
                    trouble = self.send(text, origin).or(trouble);
                    trouble = self.forward(text, origin).or(trouble);
                    self.copy(text, origin);
                }
                Part::Captured(text) => self.copy(text, origin),
                Part::Sent(_) => {
                    if let Some(log) = &self.copy {
                        debug!(log, "'{}' {} emitted a comm event", origin.namespec.process, origin.stream);
                    }
                }
                Part::Unfinished(text) => {
                    trouble = self.send(text, origin).or(trouble);
                    trouble = self.forward(text, origin).or(trouble);
                }
            }
        }
        trouble
    }

    fn announce(&self, part: &mut Part<'_>, origin: Origin<'_>, outbox: &Outbox) {
        if let Part::Sent(data) = part {
            let data = std::mem::take(data);
            outbox.push(data.len(), || EventKind::ProcessCommunication(origin.output(data)));
        } else if let Some(text) = part.log().filter(|text| self.events && !text.is_empty()) {
            outbox.push(text.len(), || EventKind::ProcessLog(origin.output(text.to_vec())));
        }
    }

    fn send(&self, text: &[u8], origin: Origin<'_>) -> Option<String> {
        let syslog = self.syslog.as_ref().filter(|_| !text.is_empty())?;
        let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        let lines = text[..end].split(|byte| *byte == b'\n');
        syslog.send(clock::wall_ms(), &format!("{} ", origin.namespec.process), lines)
    }

    /// To the targets, and to the other files, which may have something to tell.
    fn forward(&self, text: &[u8], origin: Origin<'_>) -> Option<String> {
        self.targets.iter().for_each(|targets| targets.write(text, origin));
        self.copies.as_ref().filter(|_| !text.is_empty())?.write(text)
    }

    /// The files beside the log.
    pub(super) const fn copies(&self) -> Option<&Copies> {
        self.copies.as_ref()
    }

    /// The stream has ended: its last line has no line feed any more.
    pub(super) fn end(&self, origin: Origin<'_>) {
        self.targets.iter().for_each(|targets| targets.end(origin));
    }

    /// Whether a line has begun that [`end`](Self::end) would hand out.
    pub(super) fn holds(&self) -> bool {
        self.targets.as_ref().is_some_and(Targets::holds)
    }

    fn copy(&self, text: &[u8], origin: Origin<'_>) {
        let Some(log) = self.copy.as_ref().filter(|_| !text.is_empty()) else { return };
        let (name, stream) = (&origin.namespec.process, origin.stream);
        debug!(log, "'{name}' {stream} output:\n{}", text_or_undecodable(text));
    }
}
