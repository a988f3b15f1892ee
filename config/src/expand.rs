//! Expansion of a value: which variables a place has, and what is said when one is missing.
//!
//! ```text
//! here                       directory of the file that the value stands in
//! host_node_name ...         the names of the place (Names)
//! ENV_x                      the layers of environment, the last one first
//! ```
//!
//! Absent: the `%` syntax itself (`format`).

use crate::format::{FormatError, Value, format};
use std::borrow::Cow;
use std::collections::BTreeSet;
use treeherd_domain::quote::repr;
use treeherd_domain::spec::Environment;

/// The variables of one place, but for `here`, which every value has its own of.
#[derive(Clone, Debug)]
pub(crate) struct Vars<'a> {
    names: Vec<(&'a str, Value<'a>)>,
    environments: Vec<&'a Environment>,
}

/// Why a value cannot be expanded. The words are Supervisor's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ExpandError {
    /// A name that the place does not have.
    #[error(
        "Format string {} for {} contains names ({}) which cannot be expanded. Available names: {available}",
        repr(value),
        repr(label),
        repr(name)
    )]
    Unknown { value: String, label: String, name: String, available: String },
    /// Something that is no conversion.
    #[error("Format string {} for {} is badly formatted: {reason}", repr(value), repr(label))]
    Malformed { value: String, label: String, reason: String },
}

impl ExpandError {
    /// The part of the value that is meant, if it can be told.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Unknown { name, .. } => format!("%({name})"),
            Self::Malformed { .. } => String::new(),
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Unknown { name, .. } if name.starts_with("ENV_") => format!(
                "set the environment variable {} before the start, or in [supervisord] environment",
                &name[4..]
            ),
            Self::Unknown { .. } => {
                "use one of the available names, or write %% for a percent sign".to_owned()
            }
            Self::Malformed { .. } => {
                "write %(name)s for a variable, and %% for a literal percent sign".to_owned()
            }
        }
    }
}

impl<'a> Vars<'a> {
    /// `names`, and the layers of environment: a later one overrides an earlier one.
    pub(crate) const fn new(names: Vec<(&'a str, Value<'a>)>, environments: Vec<&'a Environment>) -> Self {
        Self { names, environments }
    }

    /// The same with more names.
    pub(crate) fn and(&self, names: &[(&'a str, Value<'a>)]) -> Self {
        let mut more = self.clone();
        more.names.extend_from_slice(names);
        more
    }

    /// The same with one more layer of environment.
    pub(crate) fn over<'b>(&self, environment: &'b Environment) -> Vars<'b>
    where
        'a: 'b,
    {
        let mut environments: Vec<&'b Environment> = self.environments.clone();
        environments.push(environment);
        Vars { names: self.names.clone(), environments }
    }

    /// Expands a value. `label` is the key as the message shall name it.
    pub(crate) fn expand<'t>(
        &self,
        value: &'t str,
        here: &str,
        label: impl Fn() -> String,
    ) -> Result<Cow<'t, str>, ExpandError> {
        format(value, |name| self.look_up(name, here)).map_err(|error| match error {
            FormatError::Unknown(name) => ExpandError::Unknown {
                value: value.to_owned(),
                label: label(),
                name,
                available: self.available(),
            },
            FormatError::Unnamed(letter) => ExpandError::Malformed {
                value: value.to_owned(),
                label: label(),
                reason: format!("%{letter} names no variable (a literal percent sign is written %%)"),
            },
            FormatError::Malformed(reason) => {
                ExpandError::Malformed { value: value.to_owned(), label: label(), reason }
            }
        })
    }

    fn look_up<'s>(&'s self, name: &str, here: &'s str) -> Option<Value<'s>> {
        if let Some(variable) = name.strip_prefix("ENV_") {
            let found = self.environments.iter().rev().find_map(|layer| layer.get(variable));
            return found.map(|text| Value::Text(text));
        }
        if name == "here" {
            return Some(Value::Text(here));
        }
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn available(&self) -> String {
        let mut names: BTreeSet<Cow<'_, str>> =
            self.names.iter().map(|(name, _)| Cow::Borrowed(*name)).collect();
        names.insert(Cow::Borrowed("here"));
        for layer in &self.environments {
            names.extend(layer.keys().map(|name| Cow::Owned(format!("ENV_{name}"))));
        }
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}
