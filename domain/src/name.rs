//! Names: of groups, of processes, and the namespec that joins the two.
//!
//! ```text
//! web            group "web", process "web"       (a program on its own)
//! shop:api_00    group "shop", process "api_00"   (a member of a group, or one of numprocs)
//! ```
//!
//! A name is parsed once, at the border, and is an `Arc<str>` from then on, so that every event and
//! answer that carries one costs no allocation. Absent: patterns (see [`selector`](crate::selector)).

use std::fmt;
use std::sync::Arc;

/// Why a name was refused (Supervisor's `process_or_group_name`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid name: '{name}' because of character: '{character}'")]
pub struct NameError {
    /// The name as given, stripped.
    pub name: String,
    /// The first character that no name may hold: a space, `:` or `/`.
    pub character: char,
}

/// Strips a name and refuses the characters that no name may hold.
///
/// # Errors
/// [`NameError`] names the first space, `:` or `/`.
pub fn check(name: &str) -> Result<&str, NameError> {
    let name = name.trim();
    match name.chars().find(|c| matches!(c, ' ' | ':' | '/')) {
        Some(character) => Err(NameError { name: name.to_owned(), character }),
        None => Ok(name),
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// A name that has been [`check`]ed (or comes from a place that cannot hold a bad one).
            #[must_use]
            pub fn new(name: &str) -> Self {
                Self(Arc::from(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type! {
    /// The name of a group: a `[group:x]`, or a program that no group claims.
    GroupName
}
name_type! {
    /// The name of one process inside its group (`process_name`, expanded).
    ProcessName
}

/// One process by its full name, `group:process`; `name` alone when both are equal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Namespec {
    /// The group the process belongs to.
    pub group: GroupName,
    /// The process inside the group.
    pub process: ProcessName,
}

impl Namespec {
    /// Joins two names.
    #[must_use]
    pub fn new(group: GroupName, process: ProcessName) -> Self {
        Self { group, process }
    }

    /// Reads a namespec as Supervisor does: split at the *first* colon; a name without one is group and
    /// process at once; `group:*` and `group:` name the whole group.
    #[must_use]
    pub fn parse(text: &str) -> Target {
        match text.split_once(':') {
            None => Target::Process(Self::new(GroupName::new(text), ProcessName::new(text))),
            Some((group, "" | "*")) => Target::Group(GroupName::new(group)),
            Some((group, process)) => {
                Target::Process(Self::new(GroupName::new(group), ProcessName::new(process)))
            }
        }
    }
}

impl fmt::Display for Namespec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.as_str() == self.process.as_str() {
            f.pad(self.process.as_str())
        } else {
            f.pad(&format!("{}:{}", self.group, self.process))
        }
    }
}

/// What a namespec names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// One process.
    Process(Namespec),
    /// A whole group.
    Group(GroupName),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespecs_split_at_the_first_colon() {
        let process =
            |g: &str, p: &str| Target::Process(Namespec::new(GroupName::new(g), ProcessName::new(p)));
        assert_eq!(Namespec::parse("web"), process("web", "web"));
        assert_eq!(Namespec::parse("shop:api"), process("shop", "api"));
        assert_eq!(Namespec::parse("a:b:c"), process("a", "b:c"));
        assert_eq!(Namespec::parse("shop:*"), Target::Group(GroupName::new("shop")));
        assert_eq!(Namespec::parse("shop:"), Target::Group(GroupName::new("shop")));
    }

    #[test]
    fn equal_names_are_shown_once() {
        let same = Namespec::new(GroupName::new("web"), ProcessName::new("web"));
        let other = Namespec::new(GroupName::new("shop"), ProcessName::new("api"));
        assert_eq!(format!("{same:<5}|{other}"), "web  |shop:api");
    }

    #[test]
    fn names_hold_no_space_colon_or_slash() {
        assert_eq!(check("  web "), Ok("web"));
        let error = check("a b").unwrap_err();
        assert_eq!(error.to_string(), "Invalid name: 'a b' because of character: ' '");
        assert!(check("a:b").is_err() && check("a/b").is_err());
    }
}
