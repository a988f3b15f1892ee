//! What a configuration uses that is different here than below Supervisor 4.3.
//!
//! Only what this very file comes across; the whole list is in docs/compatibility.md. Absent: what is better
//! without a change for anybody.

use super::patient::{Patient, Section};
use crate::report::Place;

/// One difference, and where it is met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What is different.
    pub message: String,
    /// Where; empty for the file as a whole.
    pub places: Vec<Place>,
}

/// All that this configuration comes across.
pub(super) fn of(patient: &Patient<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut tell = |places: Vec<Place>, message: &str| {
        if !places.is_empty() {
            found.push(Difference { message: message.to_owned(), places });
        }
    };
    tell(
        keys(patient.of_kind("ctlplugin:"), "supervisor.ctl_factory", |_| true),
        "plug-ins of supervisorctl are Python objects: the section is ignored",
    );
    let doubled = ["stdout_logfile", "stderr_logfile"]
        .map(|key| keys(patient.programs(), key, |text| text.contains("%%%%")));
    tell(
        doubled.concat(),
        "the names of logs are expanded once: %%%% still is one percent sign, and %% is, too",
    );
    let own = patient.section("supervisord").into_iter();
    tell(
        keys(own, "environment", |text| text.contains('%')),
        "environment of [supervisord] is expanded once, and knows host_node_name; Supervisor 4.3 expands it twice and \
         refuses %%",
    );
    let environments = patient.section("supervisord").into_iter().chain(patient.programs());
    tell(
        keys(environments, "environment", |text| text.contains('\\') || text.contains('\'')),
        "environment is read by POSIX quoting rules, as in Supervisor after 4.3: a backslash escapes, an apostrophe \
         begins a quotation",
    );
    tell(
        keys(patient.programs(), "startsecs", |text| text.trim() == "0"),
        "a program that ends at once and is started again is so at most once a second",
    );
    tell(
        members_with_priority(patient),
        "the programs of a group start by priority, then in the order of programs=; Supervisor goes by the order alone",
    );
    let own = patient.section("supervisord").into_iter();
    tell(
        keys(own, "logfile", |text| text.trim() == "/dev/stdout"),
        "a log to /dev/stdout is written to the descriptor the daemon has, and never rolled over",
    );
    found
}

fn place(section: Section<'_>, key: &str, fits: impl Fn(&str) -> bool) -> Option<Place> {
    let written = section.get(key).filter(|written| fits(written.value))?;
    Some(section.patient.raw.sources[written.span.file].place(written.span))
}

fn keys<'a>(
    sections: impl Iterator<Item = Section<'a>>,
    key: &str,
    fits: impl Fn(&str) -> bool,
) -> Vec<Place> {
    sections.filter_map(|section| place(section, key, &fits)).collect()
}

fn members_with_priority(patient: &Patient<'_>) -> Vec<Place> {
    let groups = patient.of_kind("group:").filter_map(|group| group.text("programs"));
    let listed: Vec<&str> = groups.flat_map(crate::value::list).collect();
    let members = patient.of_kind("program:").filter(|section| listed.contains(&section.name()));
    keys(members, "priority", |_| true)
}
