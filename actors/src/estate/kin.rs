//! Which estates are of one process: an heir has the record of the estate before it.
//!
//! ```text
//!   estate ── changed configuration ──► heir          one record, one Kin
//!   estate ── removed, and one of that name added     another record, another Kin
//! ```
//!
//! Absent: how an estate is inherited (`estate`).

use super::{Estate, Record};
use std::sync::{Arc, Mutex, Weak};

/// One process, by whatever configuration. It keeps nothing of it alive.
#[derive(Clone, Debug)]
pub(crate) struct Kin(Weak<Mutex<Record>>);

impl Estate {
    /// The process that this estate is of.
    pub(crate) fn kin(&self) -> Kin {
        Kin(Arc::downgrade(&self.record))
    }

    /// Whether it is of that process still, and not of another one that has its name.
    pub(crate) fn is_of(&self, kin: &Kin) -> bool {
        Weak::as_ptr(&kin.0) == Arc::as_ptr(&self.record)
    }

    /// Whether another estate is of the same process, before or after a change of its configuration.
    pub(crate) fn is_of_one_process_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.record, &other.record)
    }
}
