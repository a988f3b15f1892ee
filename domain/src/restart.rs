//! How starts that follow by themselves are spaced: `restart_delay` and what belongs to it.
//!
//! ```text
//! n-th end in a row ─► list or delay x factor^(n-1) ─► restart_delay_max ─► + up to restart_jitter ─► wait
//!        ▲ counted anew after restart_reset_after up, after an end that was expected, and by every request
//! ```
//!
//! Without `restart_delay` nothing here has a say: the waits are Supervisor's (see
//! [`lifecycle`](crate::lifecycle)). Nothing is random: the jitter is a hash of a seed and the count, so a life can be
//! lived again. Absent: clocks, and who counts (the lifecycle's states).

use std::fmt;
use std::time::Duration;

/// The keys of `[program:x]` about starts that follow by themselves. The default is Supervisor's way.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RestartPolicy {
    /// `restart_delay`: the waits, one after the other; the last one repeats. Empty: Supervisor's waits.
    pub delay: Vec<Duration>,
    /// `restart_delay_max`; `None`: [`DELAY_MAX`](Self::DELAY_MAX).
    pub delay_max: Option<Duration>,
    /// `restart_factor`, for one delay; `None`: 2 with `restart_delay_max`, else 1.
    pub factor: Option<Factor>,
    /// `restart_jitter`.
    pub jitter: Percent,
    /// `restart_reset_after`; `None`: the longest wait, and at least [`RESET_AFTER`](Self::RESET_AFTER).
    pub reset_after: Option<Duration>,
    /// `fatal_retry`; `None`: never.
    pub fatal_retry: Option<Duration>,
    /// `max_runtime`; `None`: without a limit.
    pub max_runtime: Option<Duration>,
}

impl RestartPolicy {
    /// What a delay that grows stops at without `restart_delay_max`.
    pub const DELAY_MAX: Duration = Duration::from_secs(300);
    /// The shortest `restart_reset_after` that is assumed.
    pub const RESET_AFTER: Duration = Duration::from_secs(60);

    /// Whether `restart_delay` is set.
    #[must_use]
    pub const fn is_delayed(&self) -> bool {
        !self.delay.is_empty()
    }

    /// The wait after the `n`-th end in a row, counted from 1, before any jitter; `None` without `restart_delay`.
    #[must_use]
    pub fn delay(&self, n: u32) -> Option<Duration> {
        let at = usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        match self.delay[..] {
            [] => None,
            [first] => Some(self.grown(first, n)),
            [.., last] => {
                let wait = self.delay.get(at).copied().unwrap_or(last);
                Some(self.delay_max.map_or(wait, |max| wait.min(max)))
            }
        }
    }

    /// The longest wait before any jitter.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let listed = self.delay.iter().max().copied().unwrap_or_default();
        let last = self.delay(u32::MAX).unwrap_or_default();
        self.delay_max.map_or(listed, |max| listed.min(max)).max(last)
    }

    /// How long it has to be up so that its ends are counted anew.
    #[must_use]
    pub fn reset_after(&self) -> Duration {
        self.reset_after.unwrap_or_else(|| self.longest().max(Self::RESET_AFTER))
    }

    /// What one delay is multiplied by at each further end.
    fn factor(&self) -> Factor {
        self.factor.unwrap_or(if self.delay_max.is_some() { Factor::DOUBLE } else { Factor::ONE })
    }

    fn grown(&self, first: Duration, n: u32) -> Duration {
        let cap = self.delay_max.unwrap_or_else(|| Self::DELAY_MAX.max(first));
        if first.is_zero() {
            return first;
        }
        let exponent = i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = first.as_secs_f64() * self.factor().ratio().powi(exponent);
        let millis = Duration::try_from_secs_f64(seconds).map_or(u128::MAX, |wait| wait.as_millis());
        u64::try_from(millis).map_or(cap, Duration::from_millis).min(cap)
    }
}

/// A factor from 1 to 100, with up to three decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Factor(u32);

impl Factor {
    /// It stays as it is.
    pub const ONE: Self = Self(1000);
    /// It doubles.
    pub const DOUBLE: Self = Self(2000);

    /// Reads `2`, `1.5`; `None` if it is no such number or not within the bounds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
            return None;
        }
        let thousandths: u32 = format!("{fraction:0<3}").parse().ok()?;
        let factor = whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(thousandths)?;
        (1000..=100_000).contains(&factor).then_some(Self(factor))
    }

    fn ratio(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A part of a hundred, from 0 to 100.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Percent(u8);

impl Percent {
    /// Reads `20%`; `None` if it is no whole number with a percent sign, or more than 100.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_suffix('%')?.trim_end();
        let sound = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let percent = sound.then(|| number.parse::<u8>().ok())??;
        (percent <= 100).then_some(Self(percent))
    }

    /// A part of `span` between nothing and this percentage of it, by `seed` and `n` alone.
    #[must_use]
    pub fn part(self, span: Duration, seed: u64, n: u32) -> Duration {
        // in 16 bits: finer than anybody sees, and no product overflows
        let chance = u128::from(hash(seed, n) >> 48);
        let nanos = (span.as_nanos() * u128::from(self.0) / 100 * chance) >> 16;
        Duration::from_millis(u64::try_from(nanos / 1_000_000).unwrap_or(0))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", self.0))
    }
}

/// A seed for the jitter of what has this name, so that it differs from name to name; `salt` makes it differ from
/// daemon to daemon.
#[must_use]
pub fn seed(name: &str, salt: u64) -> u64 {
    name.bytes().fold(mixed(salt), |seed, byte| mixed(seed ^ u64::from(byte)))
}

fn hash(seed: u64, n: u32) -> u64 {
    mixed(seed ^ mixed(u64::from(n)))
}

/// The finalizer of SplitMix64: every bit of the input moves half of the output.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
