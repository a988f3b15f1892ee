//! Spans of time among the keys that only this daemon has: `10s`, `5m`, `200ms`, or seconds.

use crate::keys::Keys;
use std::time::Duration;
use treeherd_domain::duration::{Shown, parse};

impl Keys<'_> {
    /// A span of time that is not below `least`. `None` if the key is missing, or wrong, which is noted.
    pub(crate) fn span(&self, key: &str, least: Duration) -> Option<Duration> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(span) if span >= least => return Some(span),
            Ok(span) => {
                let message = format!("{key} is below its lower bound: {} < {}", Shown(span), Shown(least));
                self.fail_item(key, &text, message, format!("write {} or more", Shown(least)));
            }
            Err(error) => self.fail_item(key, error.word(), format!("{key}: {error}"), error.help()),
        }
        None
    }

    /// The same, with `none`, `off` and 0 for none at all.
    pub(crate) fn span_or_none(&self, key: &str, least: Duration) -> Option<Duration> {
        let is_none = |text: &str| matches!(text.trim().to_lowercase().as_str(), "none" | "off" | "0");
        if self.text(key).is_some_and(|text| is_none(&text)) { None } else { self.span(key, least) }
    }
}
