//! Which processes the words of a line name: `web`, `shop:api`, `shop:*`, `all`, or none for all.

use treeherd_domain::name::{Namespec, Target};

const NO_GROUP: &str = "no such group";

/// A word that names nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The name to show: the word, or the group's name.
    pub name: String,
    /// `no such process` or `no such group`.
    pub reason: &'static str,
}

impl Unknown {
    /// A word that names nothing.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match Namespec::parse(word) {
            Target::Group(group) => Self { name: group.to_string(), reason: NO_GROUP },
            Target::Process(_) => Self { name: word.to_owned(), reason: "no such process" },
        }
    }

    /// Whether a whole group was meant.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.reason == NO_GROUP
    }

    /// What is to be written if this is the name of a group: `shop is a group; shop:* names its processes`. `None`: it
    /// says already that a group is meant, or one process of it.
    #[must_use]
    pub fn as_group(&self) -> Option<String> {
        let Self { name, .. } = self;
        (!self.is_group() && !name.contains(':'))
            .then(|| format!("{name} is a group; {name}:* names its processes"))
    }

    /// `web: ERROR (no such process)`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: ERROR ({})", self.name, self.reason)
    }
}

/// What is named, in the order of the words, and the words that name nothing. `key` gives group and name.
pub fn choose<'a, T>(
    all: &'a [T],
    words: &[&str],
    key: impl Fn(&T) -> (&str, &str),
) -> (Vec<&'a T>, Vec<Unknown>) {
    if words.is_empty() || words.contains(&"all") {
        return (all.iter().collect(), Vec::new());
    }
    let (mut chosen, mut unknown) = (Vec::new(), Vec::new());
    for word in words {
        let target = Namespec::parse(word);
        let before = chosen.len();
        chosen.extend(all.iter().filter(|item| names(&target, key(item))));
        if chosen.len() == before {
            unknown.push(Unknown::of(word));
        }
    }
    (chosen, unknown)
}

fn names(target: &Target, (group, name): (&str, &str)) -> bool {
    match target {
        Target::Group(whole) => group == whole.as_str(),
        Target::Process(one) => group == one.group.as_str() && name == one.process.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_processes_in_their_own_order() {
        let all = [("shop", "api"), ("shop", "db"), ("web", "web")];
        let chosen = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (chosen, unknown) = choose(&all, &words, |item| *item);
            let chosen: Vec<String> =
                chosen.iter().map(|(group, name)| format!("{group}:{name}")).collect();
            let unknown: Vec<String> = unknown.iter().map(Unknown::line).collect();
            format!("{} | {}", chosen.join(" "), unknown.join(", "))
        };
        for (line, expected) in [
            ("", "shop:api shop:db web:web | "),
            ("nope all", "shop:api shop:db web:web | "),
            ("web shop:*", "web:web shop:api shop:db | "),
            ("nope web x:*", "web:web | nope: ERROR (no such process), x: ERROR (no such group)"),
        ] {
            assert_eq!(chosen(line), expected, "{line:?}");
        }
    }
}
