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

/// The moment of such a text, in milliseconds since the epoch; `None` if it is no such text.
#[must_use]
pub fn epoch_ms(text: &str) -> Option<u64> {
    let (date, of_day) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, between: &[char]| {
        let parts = text.split(between).map(|part| part.parse().ok());
        parts.collect::<Option<Vec<u64>>>()
    };
    let [year, month, day] = numbers(date, &['-'])?[..] else { return None };
    let [hour, minute, second, millis] = numbers(of_day, &[':', '.'])?[..] else { return None };
    let is_date = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    let days = is_date.then(|| days(year, month, day))?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis)
}

/// The other way round: the days from 1970-01-01 to a Gregorian date.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    const ERA: u64 = 146_097;
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
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
            assert_eq!(epoch_ms(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_has_no_moment() {
        for text in [
            "",
            "T",
            "2026-11-22",
            "2026-13-01T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2026-11-22T1:2Z",
        ] {
            assert_eq!(epoch_ms(text), None, "{text:?}");
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
