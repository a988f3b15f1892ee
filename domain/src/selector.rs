//! Selectors: one way to name many processes.
//!
//! | selector | names |
//! |---|---|
//! | `all`, `*` | every process |
//! | `web` | the process `web` of the group `web` |
//! | `shop:api` | one process |
//! | `shop:*`, `shop:` | a whole group |
//! | `shop:api_*`, `web*` | globs: `*` any run of characters, `?` one |
//!
//! Absent: regular expressions, negation, states.

use crate::name::{GroupName, Namespec, ProcessName};
use std::fmt;

/// A parsed selector.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selector {
    /// Every process.
    All,
    /// A whole group, exactly named.
    Group(GroupName),
    /// One process, exactly named.
    Process(Namespec),
    /// A pattern over the group and over the process.
    Glob {
        /// Pattern of the group's name.
        group: String,
        /// Pattern of the process's name.
        process: String,
    },
}

impl Selector {
    /// Reads one selector. Every text is one: a name that does not exist simply matches nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let is_glob = |t: &str| t.contains(['*', '?']);
        match text.split_once(':') {
            None if text == "all" || text == "*" => Self::All,
            None if is_glob(text) => Self::Glob { group: text.to_owned(), process: text.to_owned() },
            None => Self::Process(Namespec::new(GroupName::new(text), ProcessName::new(text))),
            Some((group, "" | "*")) if !is_glob(group) => Self::Group(GroupName::new(group)),
            Some((group, process)) if is_glob(group) || is_glob(process) => {
                let process = if process.is_empty() { "*" } else { process };
                Self::Glob { group: group.to_owned(), process: process.to_owned() }
            }
            Some((group, process)) => {
                Self::Process(Namespec::new(GroupName::new(group), ProcessName::new(process)))
            }
        }
    }

    /// Whether it is the name of this one process, and no pattern.
    #[must_use]
    pub fn names(&self, namespec: &Namespec) -> bool {
        matches!(self, Self::Process(named) if named == namespec)
    }

    /// Whether it names all of this group.
    #[must_use]
    pub fn names_group(&self, name: &GroupName) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => group == name,
            Self::Process(_) => false,
            Self::Glob { group, process } => process == "*" && glob(group, name.as_str()),
        }
    }

    /// Whether it names this process.
    #[must_use]
    pub fn matches(&self, namespec: &Namespec) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => *group == namespec.group,
            Self::Process(one) => one == namespec,
            Self::Glob { group, process } => {
                glob(group, namespec.group.as_str()) && glob(process, namespec.process.as_str())
            }
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Group(group) => write!(f, "{group}:*"),
            Self::Process(namespec) => fmt::Display::fmt(namespec, f),
            Self::Glob { group, process } if group == process => f.write_str(group),
            Self::Glob { group, process } => write!(f, "{group}:{process}"),
        }
    }
}

/// Whether `text` fits `pattern`, in time linear in both but for backtracking to the last `*`.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(selector: &str) -> Vec<String> {
        let names = [("web", "web"), ("shop", "api_0"), ("shop", "api_1"), ("shop", "db")];
        names
            .map(|(g, p)| Namespec::new(GroupName::new(g), ProcessName::new(p)))
            .iter()
            .filter(|n| Selector::parse(selector).matches(n))
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn selectors_match_names_groups_and_globs() {
        assert_eq!(matched("all").len(), 4);
        assert_eq!(matched("web"), ["web"]);
        assert_eq!(matched("shop:db"), ["shop:db"]);
        assert_eq!(matched("shop:*"), ["shop:api_0", "shop:api_1", "shop:db"]);
        assert_eq!(matched("shop:"), matched("shop:*"));
        assert_eq!(matched("sh*:api_?"), ["shop:api_0", "shop:api_1"]);
        assert_eq!(matched("w*"), ["web"]);
        assert!(matched("nope").is_empty() && matched("shop:api").is_empty());
    }

    #[test]
    fn a_group_is_named_as_a_whole_or_not_at_all() {
        let shop = GroupName::new("shop");
        let named = ["all", "*", "shop:*", "shop:", "sh*:*"];
        assert!(named.iter().all(|text| Selector::parse(text).names_group(&shop)));
        let not = ["shop", "shop:db", "shop:api_*", "web:*", "w*:*"];
        assert!(not.iter().all(|text| !Selector::parse(text).names_group(&shop)));
    }
}
