//! The environment of programs, and whom they run as.

use super::shell::variable;
use super::{Example, Found, Rule, Severity};
use crate::doctor::patient::{Patient, Section, Written};
use crate::{environment, value};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "environment-cut-short",
        severity: Severity::Warning,
        summary: "a value in environment that ends before it is written to",
        reason: "without quotes a value ends at the first character that is no letter, digit or one of _/.+-():, and \
                 the rest is dropped without a word",
        fix: "put the value in double quotes",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nenvironment=OTHER=\"1\",KEY=x!\n",
            good: "[program:web]\ncommand=/bin/cat\nenvironment=OTHER=\"1\",KEY=\"x!\"\n",
        },
        find: environment_cut_short,
    },
    Rule {
        id: "user-without-home",
        severity: Severity::Hint,
        summary: "user= without HOME and USER",
        reason: "user= changes who a program runs as and nothing else: HOME, USER and LOGNAME are still those of \
                 whoever started the daemon, often root's, and the program fails to read or write there",
        fix: "set HOME and USER in environment=",
        is_fixable: true,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nuser=chrism\n",
            good: "[program:web]\ncommand=/bin/cat\nuser=chrism\nenvironment=HOME=\"/srv/chrism\",USER=\"chrism\"\n",
        },
        find: |patient| Patient::each(patient.programs(), user_without_home),
    },
    Rule {
        id: "variable-of-ours",
        severity: Severity::Warning,
        summary: "environment sets a variable that the daemon sets itself",
        reason: "SUPERVISOR_* tell a program which process of which daemon it is; other values mislead it and what \
                 it runs",
        fix: "take another name; for the address there is the key serverurl",
        is_fixable: false,
        example: Example {
            bad: "[program:web]\ncommand=/bin/cat\nenvironment=SUPERVISOR_GROUP_NAME=\"shop\"\n",
            good: "[program:web]\ncommand=/bin/cat\nenvironment=SHOP_GROUP_NAME=\"shop\"\n",
        },
        find: variable_of_ours,
    },
];

/// All sections with an `environment`.
fn environments<'a>(patient: &'a Patient<'a>) -> impl Iterator<Item = (Section<'a>, Written<'a>)> {
    let own = patient.section("supervisord");
    let sections = own.into_iter().chain(patient.programs());
    sections.filter_map(|section| Some((section, section.get("environment")?)))
}

fn environment_cut_short(patient: &Patient<'_>) -> Vec<Found> {
    let find = |(section, written): (Section<'_>, Written<'_>)| {
        let parsed = environment::parse(written.value).ok()?;
        let mut quoted = String::new();
        let mut first = None;
        for (piece, separator) in pieces(written.value) {
            let cut = piece.split_once('=').and_then(|(name, text)| {
                let (name, text) = (name.trim(), text.trim());
                let kept = parsed.get(name)?;
                let is_bare = !text.contains(['"', '\'', '\\', '#', '\n', '%']);
                (is_bare && kept != text && !continues(text, &parsed)).then_some((name, text, kept))
            });
            match cut {
                None => quoted.push_str(piece),
                Some((name, text, kept)) => {
                    let message = format!("{} {name} is {kept:?} and not {text:?}", section.title());
                    first.get_or_insert((text.to_owned(), message));
                    let whole = format!("\"{}\"", with_variables(text, patient));
                    quoted.push_str(&piece.replacen(text, &whole, 1));
                }
            }
            quoted.push_str(separator);
        }
        let (text, message) = first?;
        let edit = section.set("environment", &quoted, "environment");
        Some(section.found_word("environment", &text, message).edit(edit))
    };
    environments(patient).filter_map(find).collect()
}

/// A value with `%(ENV_x)s` for a `$x` that there is: so it was meant.
fn with_variables(text: &str, patient: &Patient<'_>) -> String {
    match variable(text).filter(|name| patient.world.environment.contains_key(name)) {
        Some(name) => text.replace(&format!("${name}"), &format!("%(ENV_{name})s")),
        None => text.to_owned(),
    }
}

/// The parts between commas outside quotes, each with what follows it.
fn pieces(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (',', None) => {
                found.push((&text[start..at], ","));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push((&text[start..], ""));
    found
}

/// Whether what follows the value is another pair, parted by something else than a comma.
fn continues(text: &str, parsed: &treeherd_domain::spec::Environment) -> bool {
    let rest = text.split_once([';', ' ', '\t']).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once('=')).is_some_and(|(name, _)| parsed.contains_key(name.trim()))
}

fn user_without_home(section: Section<'_>) -> Option<Found> {
    let account = value::user(section.text("user")?, section.patient.world.accounts).ok()?;
    let inherited = section.patient.section("supervisord").and_then(|daemon| daemon.text("environment"));
    let set =
        |text: Option<&str>| environment::parse(text?).ok().map(|variables| variables.contains_key("HOME"));
    let has_home = [section.text("environment"), inherited].into_iter().any(|text| set(text) == Some(true));
    if has_home || account.uid == 0 {
        return None;
    }
    let pair = format!("HOME=\"{}\",USER=\"{}\"", account.home, account.name);
    let together = match section.text("environment").map(str::trim_end).filter(|text| !text.is_empty()) {
        Some(text) if text.ends_with(',') => format!("{text}{pair}"),
        Some(text) => format!("{text},{pair}"),
        None => pair,
    };
    let message =
        format!("{} runs as {} with the HOME of whoever starts the daemon", section.title(), account.name);
    let is_sound = !together.contains('\n') && set(Some(&together)) == Some(true);
    let edit = section.set("environment", &together, "user").filter(|_| is_sound);
    Some(section.found("user", message).edit(edit))
}

fn variable_of_ours(patient: &Patient<'_>) -> Vec<Found> {
    let find = |(section, written): (Section<'_>, Written<'_>)| {
        let parsed = environment::parse(written.value).ok()?;
        let ours = ["ENABLED", "SERVER_URL", "PROCESS_NAME", "GROUP_NAME"]
            .map(|name| format!("SUPERVISOR_{name}"));
        let name = ours.iter().find(|name| parsed.contains_key(*name))?;
        let message = format!("{} {name} is not what it should be", section.title());
        Some(section.found_word("environment", name, message))
    };
    environments(patient).filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_part_nothing() {
        let parts: Vec<_> = pieces("A=1,B=\"x,y\",C='z,'").into_iter().map(|(piece, _)| piece).collect();
        assert_eq!(parts, ["A=1", "B=\"x,y\"", "C='z,'"]);
    }
}
