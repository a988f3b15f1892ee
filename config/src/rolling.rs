//! `rolling_batch`, `rolling_pause`, `rolling_abort_on`: how a rolling restart goes about the processes of a program.

use crate::keys::Keys;
use crate::value::{self, ValueError};
use std::time::Duration;
use treeherd_domain::rolling::Rules;

/// Reads the keys. Errors are noted.
pub(crate) fn read(keys: &Keys<'_>) -> Rules {
    let usual = Rules::default();
    Rules {
        batch: keys.get("rolling_batch", usual.batch, at_least_one),
        pause: keys.span("rolling_pause", Duration::ZERO).unwrap_or(usual.pause),
        abort_on: keys.get("rolling_abort_on", usual.abort_on, at_least_one),
    }
}

fn at_least_one(text: &str) -> Result<usize, ValueError> {
    match value::integer(text)? {
        number @ ..1 => Err(ValueError::Below(number, 1)),
        number => usize::try_from(number).map_err(|_| ValueError::Above(number, i64::from(i32::MAX))),
    }
}
