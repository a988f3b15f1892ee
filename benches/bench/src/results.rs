//! What was measured, and what failed.

use crate::daemon::Kind;
use std::collections::BTreeMap;

/// Values by key and daemon, one a round; and a text for each failure.
#[derive(Default)]
pub struct Results {
    values: BTreeMap<(String, Kind), Vec<f64>>,
    /// What failed.
    pub failures: Vec<String>,
    /// What a reader of the table must know.
    pub notes: Vec<String>,
}

impl Results {
    /// Adds a round's value.
    pub fn put(&mut self, key: impl Into<String>, kind: Kind, value: f64) {
        self.values.entry((key.into(), kind)).or_default().push(value);
    }

    /// The values of all rounds; none when it was not measured.
    pub fn of(&self, key: &str, kind: Kind) -> &[f64] {
        self.values.get(&(key.to_owned(), kind)).map_or(&[], Vec::as_slice)
    }
}
