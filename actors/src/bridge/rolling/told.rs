//! How a rolling restart is asked for, and told.

use super::begin::{Begun, Left};
use super::{Became, How, Told};
use crate::bridge::Bridge;
use crate::bridge::logs::give;
use crate::bridge::native::limit;
use jsonrpsee::SubscriptionSink;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;
use treeherd_domain::rolling::{LeftOut, Wish};
use treeherd_rpc::code::row_error;
use treeherd_rpc::wire::{self, Operation, RollItem, Row, Selectors};

/// Why a subscription ends when there is nothing more to tell.
const OVER: &str = "the rolling restart is over";

impl Bridge {
    /// Begins a rolling restart of what selectors name.
    pub(in crate::bridge) fn begin_roll(
        &self,
        selectors: &Selectors,
        timeout_ms: Option<u64>,
        alone: bool,
        asked: wire::Rolling,
    ) -> Result<Begun, Fault> {
        self.check_running()?;
        let targets = self.select(selectors)?;
        let named = selectors.parse()?;
        let is_named = |namespec: &Namespec| named.iter().any(|(_, selector)| selector.names(namespec));
        self.roll(&targets, is_named, alone, &wish(asked, timeout_ms)?)
    }

    /// `process.restart` with `rolling`: the same, told when it is over.
    pub(in crate::bridge) async fn rolled(
        &self,
        selectors: &Selectors,
        wait: Option<wire::Wait>,
        timeout_ms: Option<u64>,
        alone: bool,
        asked: wire::Rolling,
    ) -> Result<Operation, Fault> {
        if wait == Some(wire::Wait::None) {
            let why = "a rolling restart waits for each process: leave wait out";
            return Err(Fault::BadArguments(why.to_owned()));
        }
        let mut begun = self.begin_roll(selectors, timeout_ms, alone, asked)?;
        let mut rows: Vec<(Namespec, Row)> =
            begun.left.iter().map(|left| (left.namespec.clone(), Row::from(left))).collect();
        while let Some(told) = begun.told.recv().await {
            if let Told::Outcome(became) = told {
                rows.retain(|(known, _)| *known != became.namespec);
                rows.push((became.namespec.clone(), Row::from(&became)));
            }
        }
        let is_told = |namespec: &Namespec| rows.iter().any(|(told, _)| told == namespec);
        let untold: Vec<_> = begun.targets.into_iter().filter(|namespec| !is_told(namespec)).collect();
        let lost = |namespec: Namespec| Row::failed(&namespec, row_error(&self.crashed()));
        let rows = rows.into_iter().map(|(_, row)| row).chain(untold.into_iter().map(lost)).collect();
        Ok(Operation::done(rows))
    }
}

impl Begun {
    /// Tells a subscriber of it, until it has left or all is told.
    pub(in crate::bridge) async fn tell(mut self, sink: SubscriptionSink) {
        let targets = self.targets.iter().map(ToString::to_string).collect();
        let rows = self.left.iter().map(|left| RollItem::Row { row: Box::new(Row::from(left)) });
        for item in std::iter::once(RollItem::Snapshot { targets }).chain(rows) {
            if !give(&sink, &item).await {
                return;
            }
        }
        loop {
            let told = tokio::select! {
                told = self.told.recv() => told,
                () = sink.closed() => return,
            };
            let Some(told) = told else { break };
            let item = match told {
                Told::Turn(namespec) => RollItem::Turn { name: namespec.to_string() },
                Told::Outcome(became) => RollItem::Row { row: Box::new(Row::from(&became)) },
            };
            if !give(&sink, &item).await {
                return;
            }
        }
        give(&sink, &RollItem::End { reason: OVER.to_owned() }).await;
    }
}

impl From<&Became> for Row {
    fn from(Became { namespec, stopped, how }: &Became) -> Self {
        match how {
            How::Ready => Self::ok(namespec).with_stopped(*stopped),
            How::Not(fault) => Self::failed(namespec, row_error(fault)).with_stopped(*stopped),
            How::LeftOut(why) => Self::left_out(namespec, (*why).to_owned()),
        }
    }
}

impl From<&Left> for Row {
    fn from(Left { namespec, why, is_named }: &Left) -> Self {
        match (why, is_named) {
            (LeftOut::Disabled, true) => kept(namespec),
            _ => Self::left_out(namespec, why.to_string()),
        }
    }
}

/// What is disabled and meant by its name is not restarted against somebody's wish: that is told as an error.
pub(in crate::bridge) fn kept(namespec: &Namespec) -> Row {
    let why = format!("it is disabled and left as it is; `supervisorctl enable {namespec}` comes first");
    Row::failed(namespec, row_error(&Fault::NotRestarted { namespec: namespec.clone(), why }))
}

fn wish(asked: wire::Rolling, timeout_ms: Option<u64>) -> Result<Wish, Fault> {
    let count = |name: &str, given: Option<u32>| match given {
        Some(0) => Err(Fault::BadArguments(format!("{name} is 0; it is at least 1"))),
        given => Ok(given.and_then(|count| usize::try_from(count).ok())),
    };
    Ok(Wish {
        batch: count("batch", asked.batch)?,
        pause: limit(asked.pause_ms),
        abort_on: count("abortOn", asked.abort_on)?,
        patience: limit(timeout_ms),
    })
}
