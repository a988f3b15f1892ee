//! Ticks: events that say that time has passed, by the wall clock.
//!
//! ```text
//! clock   ..59.9  00.0  00.1 ..        a slice begins at each multiple of the period; the event comes
//! slice      55 |  00                  once the clock is seen in another slice than before
//! ```
//!
//! A clock that jumps brings one event a period, not many. Absent: the clock, and whoever waits.

use super::EventKind;
use super::types::EventSet;
use std::time::Duration;

/// The periods that there are ticks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// Five seconds.
    Five,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Period {
    /// All, in the order in which they come when several are due.
    pub const ALL: [Self; 3] = [Self::Five, Self::Minute, Self::Hour];

    /// Its length.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Five => 5,
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// The name of its event.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Five => "TICK_5",
            Self::Minute => "TICK_60",
            Self::Hour => "TICK_3600",
        }
    }

    const fn slice(self, now_ms: u64) -> u64 {
        let now = now_ms / 1000;
        now - now % self.seconds()
    }
}

/// Which slices were seen last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ticks {
    seen: Option<[u64; 3]>,
}

impl Ticks {
    /// Looks at the clock: the ticks of the wanted periods that are due. The first look only remembers.
    pub fn look(&mut self, now_ms: u64, wanted: &EventSet) -> Vec<EventKind> {
        let slices = Period::ALL.map(|period| period.slice(now_ms));
        let Some(before) = self.seen.replace(slices) else { return Vec::new() };
        let due = Period::ALL.into_iter().zip(slices).zip(before);
        let due = due.filter(|((period, slice), before)| slice != before && wanted.has(period.name()));
        due.map(|((period, when), _)| EventKind::Tick { period, when }).collect()
    }

    /// Forgets what was seen: nobody looks for a while.
    pub fn forget(&mut self) {
        self.seen = None;
    }

    /// How long until one of the wanted periods begins anew; `None` if none is wanted.
    #[must_use]
    pub fn wait(now_ms: u64, wanted: &EventSet) -> Option<Duration> {
        let periods = Period::ALL.into_iter().filter(|period| wanted.has(period.name()));
        let next = periods.map(|period| (period.slice(now_ms) + period.seconds()) * 1000).min()?;
        Some(Duration::from_millis(next - now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 1_795_360_080_000;

    fn names(ticks: &[EventKind]) -> Vec<&str> {
        ticks.iter().map(EventKind::name).collect()
    }

    #[test]
    fn a_tick_comes_once_in_each_slice_the_short_period_first() {
        let (all, mut ticks) = (EventSet::of(["TICK"]), Ticks::default());
        assert_eq!(ticks.look(MINUTE - 1, &all), []);
        assert_eq!(names(&ticks.look(MINUTE, &all)), ["TICK_5", "TICK_60"]);
        assert_eq!(ticks.look(MINUTE + 4_999, &all), []);
        let due = ticks.look(MINUTE + 5_300, &all);
        assert_eq!(due, [EventKind::Tick { period: Period::Five, when: MINUTE / 1000 + 5 }]);
        // a clock that jumps by hours, forwards or backwards
        assert_eq!(names(&ticks.look(MINUTE + 7_200_000, &all)), ["TICK_5", "TICK_60", "TICK_3600"]);
        assert_eq!(names(&ticks.look(MINUTE, &all)), ["TICK_5", "TICK_60", "TICK_3600"]);
        ticks.forget();
        assert_eq!(ticks.look(MINUTE + 60_000, &all), []);
    }

    #[test]
    fn only_what_is_wanted_is_waited_for() {
        let wait = |names: &[&str], now| Ticks::wait(now, &EventSet::of(names.iter().copied()));
        assert_eq!(wait(&["TICK", "TICK_60"], MINUTE + 1), Some(Duration::from_millis(4_999)));
        assert_eq!(wait(&["TICK_60"], MINUTE), Some(Duration::from_secs(60)));
        assert_eq!(wait(&["PROCESS_STATE"], MINUTE), None);
        let mut ticks = Ticks::default();
        let minutes = EventSet::of(["TICK_60"]);
        assert_eq!(ticks.look(MINUTE - 1, &minutes), []);
        assert_eq!(names(&ticks.look(MINUTE, &minutes)), ["TICK_60"]);
    }
}
