//! Subscriptions to events and to processes: from the journal to a WebSocket.
//!
//! Each begins with a snapshot mark and its number; what a slow subscriber missed is a gap mark; a
//! subscriber that takes nothing for half a minute is given up. With the daemon it ends after the last event, with an end
//! mark ([`farewell`](crate::farewell)).

use super::Bridge;
use super::logs::give;
use crate::bus::{Item, Items, Subscription};
use crate::estate::Estate;
use crate::farewell::Stay;
use jsonrpsee::core::{SubscriptionResult, async_trait};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use std::collections::BTreeSet;
use std::sync::Arc;
use treeherd_domain::event::types::{EventSet, OURS, TYPES, stands_for_any};
use treeherd_domain::event::{Event, EventKind};
use treeherd_domain::fault::Fault;
use treeherd_domain::name::Namespec;
use treeherd_domain::selector::Selector;
use treeherd_rpc::api::EventApiServer;
use treeherd_rpc::code::error_object;
use treeherd_rpc::wire::{EventItem, Mark, ProcessChange, Selectors};

/// Why a subscription ends when the daemon does not take part in it any more.
pub(super) const OVER: &str = "the daemon is stopping";

/// Refuses names of kinds of which no event will ever be.
fn check_kinds(kinds: &[String]) -> Result<(), Fault> {
    match kinds.iter().find(|kind| !stands_for_any(kind)) {
        None => Ok(()),
        Some(kind) => Err(Fault::BadArguments(format!(
            "no event is called {kind}; there are EVENT, for all of them, {}, and the names above these, such as PROCESS",
            TYPES.iter().chain(&OURS).copied().collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// Selectors that do not borrow the call's parameters.
pub(super) fn owned(parsed: Vec<(&str, Selector)>) -> Vec<Selector> {
    parsed.into_iter().map(|(_, selector)| selector).collect()
}

/// What somebody wants to hear of.
struct Filter {
    kinds: Option<Vec<String>>,
    selectors: Option<Vec<Selector>>,
}

impl Filter {
    /// Whether events that carry output may pass.
    fn wants_output(&self) -> bool {
        let names = EventKind::OUTPUT_NAMES;
        self.kinds.as_ref().is_none_or(|kinds| {
            kinds.iter().any(|kind| names.iter().any(|name| treeherd_domain::event::is_below(name, kind)))
        })
    }

    /// The ticks that are asked for by name; without a name there are none, so that who asks for everything
    /// does not keep the daemon awake.
    fn ticks(&self) -> EventSet {
        EventSet::of(self.kinds.iter().flatten().map(String::as_str))
    }

    fn passes(&self, event: &Event) -> bool {
        let kind = self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|k| event.kind.is_below(k)));
        let Some(selectors) = &self.selectors else { return kind };
        let is_target = match (&event.kind, event.kind.namespec()) {
            (_, Some(namespec)) => selectors.iter().any(|s| s.matches(namespec)),
            (EventKind::GroupState(news), None) => {
                news.group.as_ref().is_some_and(|group| selectors.iter().any(|s| s.names_group(group)))
            }
            (_, None) => false,
        };
        kind && is_target
    }
}

#[async_trait]
impl EventApiServer for Bridge {
    async fn event_subscribe(
        &self,
        pending: PendingSubscriptionSink,
        kinds: Option<Vec<String>>,
        selector: Option<Selectors>,
        since: Option<u64>,
    ) -> SubscriptionResult {
        let selectors = match selector.map(|s| s.parse().map(owned)).transpose() {
            Ok(selectors) => selectors,
            Err(fault) => {
                pending.reject(error_object(&fault)).await;
                return Ok(());
            }
        };
        let sound = check_kinds(kinds.as_deref().unwrap_or_default());
        if let Err(fault) = sound.and_then(|()| self.check_since(since)) {
            pending.reject(error_object(&fault)).await;
            return Ok(());
        }
        let filter = Filter { kinds, selectors };
        let (output, ticks) = (filter.wants_output(), filter.ticks());
        let stay = self.shared().farewell.join();
        let subscription = self.shared().journal.subscribe_to(since, output, ticks);
        self.shared().tune();
        let sink = pending.accept().await?;
        stream(sink, (subscription, stay), filter, since.is_some()).await;
        Ok(())
    }
}

async fn stream(
    sink: SubscriptionSink,
    (subscription, mut stay): (Subscription, Stay),
    filter: Filter,
    replays: bool,
) {
    let Subscription { seq, missed, mut items } = subscription;
    if !give(&sink, &EventItem::Mark(Mark::Snapshot { seq })).await {
        return;
    }
    for item in missed {
        if !pass(&sink, &filter, item).await {
            return;
        }
    }
    if replays && !give(&sink, &EventItem::Mark(Mark::Live { seq })).await {
        return;
    }
    while let Some(item) = next(&sink, &mut items, &mut stay).await {
        if !pass(&sink, &filter, item).await {
            return;
        }
    }
    give(&sink, &EventItem::Mark(Mark::End { reason: OVER.to_owned() })).await;
}

async fn pass(sink: &SubscriptionSink, filter: &Filter, item: Item) -> bool {
    match item {
        Item::Gap { dropped, resume_from } => {
            give(sink, &EventItem::Mark(Mark::Gap { dropped, resume_from })).await
        }
        Item::Event(event) if filter.passes(&event) => give(sink, &EventItem::from(&*event)).await,
        Item::Event(_) => true,
    }
}

async fn next(sink: &SubscriptionSink, items: &mut Items, stay: &mut Stay) -> Option<Item> {
    tokio::select! {
        item = items.recv() => item,
        () = stay.over() => items.try_recv(),
        () = sink.closed() => None,
    }
}

impl Bridge {
    /// Whoever has seen more than there was has another daemon in mind; silence until its number came would tell nothing.
    fn check_since(&self, since: Option<u64>) -> Result<(), Fault> {
        let last = self.shared().arena.seq();
        match since {
            Some(since) if since > last => Err(Fault::BadArguments(format!(
                "there is no event {since} yet, the last one is {last}: numbers begin anew with a new daemon; subscribe \
                 since 0 for all that is kept"
            ))),
            _ => Ok(()),
        }
    }

    /// `process.watch`: a snapshot, then each process whose state changes, comes or goes.
    pub(super) async fn watch(&self, sink: SubscriptionSink, selectors: Option<Vec<Selector>>) {
        let mut stay = self.shared().farewell.join();
        let Subscription { seq, mut items, .. } = self.shared().journal.subscribe(None, false);
        let wanted = |namespec: &Namespec| {
            selectors.as_ref().is_none_or(|selectors| selectors.iter().any(|s| s.matches(namespec)))
        };
        let estates: Vec<Arc<Estate>> =
            self.estates().into_iter().filter(|estate| wanted(&estate.namespec)).collect();
        let mut known: BTreeSet<Namespec> = estates.iter().map(|e| e.namespec.clone()).collect();
        let snapshot = estates.iter().map(|estate| Self::native_info(estate)).collect();
        if !give(&sink, &ProcessChange::Snapshot { items: snapshot, seq }).await {
            return;
        }
        while let Some(item) = next(&sink, &mut items, &mut stay).await {
            let changes = match item {
                Item::Gap { dropped, resume_from } => vec![ProcessChange::Gap { dropped, resume_from }],
                Item::Event(event) => self.changes(&event, &wanted, &mut known),
            };
            for change in changes {
                if !give(&sink, &change).await {
                    return;
                }
            }
        }
        give(&sink, &ProcessChange::End { reason: OVER.to_owned() }).await;
    }

    fn changes(
        &self,
        event: &Event,
        wanted: &impl Fn(&Namespec) -> bool,
        known: &mut BTreeSet<Namespec>,
    ) -> Vec<ProcessChange> {
        let seq = event.seq;
        let change =
            |estate: &Arc<Estate>| ProcessChange::Change { item: Box::new(Self::native_info(estate)), seq };
        match &event.kind {
            EventKind::ProcessState { namespec, .. }
            | EventKind::ProcessReadiness { namespec, .. }
            | EventKind::ProcessHealth { namespec, .. }
                if wanted(namespec) =>
            {
                let estate = self.shared().arena.estate(namespec);
                estate.iter().map(change).collect()
            }
            EventKind::GroupAdded(group) => {
                let group = self.shared().arena.group(group.as_str());
                let estates = group.into_iter().flat_map(|group| group.estates.clone());
                let new: Vec<_> = estates.filter(|estate| wanted(&estate.namespec)).collect();
                known.extend(new.iter().map(|estate| estate.namespec.clone()));
                new.iter().map(change).collect()
            }
            EventKind::GroupChanged(group) => {
                let shape = self.shared().arena.group(group.as_str());
                let estates = shape.into_iter().flat_map(|group| group.estates.clone());
                let now: Vec<_> = estates.filter(|estate| wanted(&estate.namespec)).collect();
                let is_there = |name: &Namespec| now.iter().any(|estate| estate.namespec == *name);
                let gone: Vec<Namespec> =
                    known.iter().filter(|n| n.group == *group && !is_there(n)).cloned().collect();
                let come: Vec<_> = now.iter().filter(|estate| !known.contains(&estate.namespec)).collect();
                let changes = gone.iter().map(|n| Self::gone(n, seq)).chain(come.iter().map(|e| change(e)));
                let changes = changes.collect();
                known.retain(|namespec| !gone.contains(namespec));
                known.extend(now.iter().map(|estate| estate.namespec.clone()));
                changes
            }
            EventKind::GroupRemoved(group) => {
                let gone: Vec<Namespec> = known.iter().filter(|n| n.group == *group).cloned().collect();
                known.retain(|namespec| namespec.group != *group);
                gone.iter().map(|namespec| Self::gone(namespec, seq)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn gone(namespec: &Namespec, seq: u64) -> ProcessChange {
        ProcessChange::Gone { name: namespec.process.to_string(), group: namespec.group.to_string(), seq }
    }
}
