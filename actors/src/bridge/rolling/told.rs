//! How a rolling restart is asked for, and told.

use super::{Begun, Told};
use crate::bridge::Bridge;
use crate::bridge::logs::give;
use crate::bridge::native::limit;
use jsonrpsee::SubscriptionSink;
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;
use treeherd_domain::rolling::Wish;
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
        self.roll(&targets, alone, &wish(asked, timeout_ms)?)
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
        let mut rows: Vec<(Namespec, Row)> = Vec::with_capacity(begun.targets.len());
        while let Some(told) = begun.told.recv().await {
            rows.retain(|(namespec, _)| *namespec != told.namespec);
            rows.push((told.namespec.clone(), Row::from(&told)));
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
        if !give(&sink, &RollItem::Snapshot { targets }).await {
            return;
        }
        loop {
            let told = tokio::select! {
                told = self.told.recv() => told,
                () = sink.closed() => return,
            };
            let Some(told) = told else { break };
            if !give(&sink, &RollItem::Row { row: Box::new(Row::from(&told)) }).await {
                return;
            }
        }
        give(&sink, &RollItem::End { reason: OVER.to_owned() }).await;
    }
}

impl From<&Told> for Row {
    fn from(Told { namespec, stopped, result }: &Told) -> Self {
        let row = match result {
            Ok(()) => Self::ok(namespec),
            Err(fault) => Self::failed(namespec, row_error(fault)),
        };
        row.with_stopped(*stopped)
    }
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
