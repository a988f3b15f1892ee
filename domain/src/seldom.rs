//! A part of a configuration that most leave as it is: it takes up room only where it is not.
//!
//! ```text
//!   Seldom ─┬─ as usual ──► the one usual value of all
//!           `─ otherwise ─► a value of its own
//! ```
//!
//! It reads as the part itself. Absent: sharing among those that are not as usual.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// What a part is where nobody says otherwise.
pub trait Usual: Clone + PartialEq + 'static {
    /// The one usual value.
    fn usual() -> &'static Self;
}

/// A part that is mostly as usual.
#[derive(Clone)]
pub struct Seldom<T>(Option<Box<T>>);

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Usual> From<T> for Seldom<T> {
    fn from(part: T) -> Self {
        Self((part != *T::usual()).then(|| Box::new(part)))
    }
}

impl<T: Usual> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::usual())
    }
}

impl<T: Usual> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_with(|| Box::new(T::usual().clone()))
    }
}

impl<T: Usual> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Usual + Eq> Eq for Seldom<T> {}

impl<T: Usual + fmt::Debug> fmt::Debug for Seldom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The default is what is usual.
macro_rules! usually_default {
    ($($part:ty),* $(,)?) => {
        $(
            impl $crate::seldom::Usual for $part {
                fn usual() -> &'static Self {
                    static USUAL: std::sync::LazyLock<$part> = std::sync::LazyLock::new(<$part>::default);
                    &USUAL
                }
            }
        )*
    };
}

usually_default!(
    crate::health::HealthSpec,
    crate::health::Check,
    crate::hook::Hooks,
    crate::restart::RestartPolicy,
    crate::stop::StopSpec,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::Hooks;

    #[test]
    fn what_is_as_usual_takes_no_room() {
        assert!(Seldom::from(Hooks::default()).0.is_none());
        assert_eq!(size_of::<Seldom<Hooks>>(), size_of::<usize>());
    }

    #[test]
    fn it_reads_and_compares_as_the_part() {
        let own = Hooks { pre_start: Some("/bin/true".to_owned()), ..Hooks::default() };
        let mut part = Seldom::from(own.clone());
        assert_eq!(*part, own);
        assert_eq!(format!("{part:?}"), format!("{own:?}"));
        assert_ne!(part, Seldom::default());
        part.pre_start = None;
        assert_eq!(part, Seldom::default(), "a value of its own may be as usual again");
    }

    #[test]
    fn what_is_as_usual_is_changed_alone() {
        let mut part = Seldom::from(Hooks::default());
        part.post_stop = Some("/bin/true".to_owned());
        assert_eq!(part.post_stop.as_deref(), Some("/bin/true"));
        assert_eq!(Hooks::usual().post_stop, None);
    }
}
