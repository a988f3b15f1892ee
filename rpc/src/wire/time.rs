//! UTC times as RFC 3339 text with milliseconds: `2026-11-22T14:52:16.363Z`.

/// Milliseconds since the epoch as text. Total: every value has one (the year may have more digits).
#[must_use]
pub fn rfc3339(epoch_ms: u64) -> String {
    let (seconds, millis) = (epoch_ms / 1000, epoch_ms % 1000);
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Seconds since the epoch as text; `None` for 0 and below, which mean "never".
#[must_use]
pub fn from_seconds(epoch_s: i64) -> Option<String> {
    u64::try_from(epoch_s).ok().filter(|s| *s > 0).map(|s| rfc3339(s.saturating_mul(1000)))
}

/// The Gregorian date of a day counted from 1970-01-01. Years begin in March inside, so that the leap
/// day is the last of its year, and 400 of them (an era) have a fixed number of days.
const fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let since_march_0000 = days + 719_468;
    let (era, of_era) = (since_march_0000 / ERA, since_march_0000 % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in table {
            assert_eq!(rfc3339(ms), text);
        }
    }

    #[test]
    fn never_has_no_time() {
        assert_eq!(from_seconds(0), None);
        assert_eq!(from_seconds(-5), None);
        assert_eq!(from_seconds(1).as_deref(), Some("1970-01-01T00:00:01.000Z"));
    }

    #[test]
    fn the_last_moment_has_a_text() {
        assert!(rfc3339(u64::MAX).ends_with('Z'));
    }
}
