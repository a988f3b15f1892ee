//! The doctor: every rule by its own example, what is corrected, and what the document says of it.

use crate::support::Site;
use expect_test::expect;
use std::collections::BTreeSet;
use std::path::Path;
use treeherd_config::doctor::{
    Corrected, Diagnosis, Rule, Severity, correct, examine, known, rules, would_include,
};

const PAGE: &str = include_str!("../../../docs/doctor.md");

/// The sections that an example does not show, and that are sound: what it has of the endpoints it has wholly.
fn completed(example: &str) -> String {
    let has = |kind: &str| example.contains(&format!("[{kind}"));
    let mut text = example.to_owned();
    let mut add = |lines: &str| text.push_str(lines);
    if !has("supervisord]") {
        add("[supervisord]\nuser=root\n");
    }
    if !has("unix_http_server") && !has("inet_http_server") && !has("supervisorctl") {
        add(
            "[unix_http_server]\nfile=%(here)s/s.sock\n[supervisorctl]\nserverurl=unix://%(here)s/s.sock\n",
        );
    }
    if !has("rpcinterface:") {
        add("[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=\
             supervisor.rpcinterface:make_main_rpcinterface\n");
    }
    text
}

fn site(text: &str) -> Site {
    let site = Site::new(text);
    site.write("backups/a.conf", "[program:one]\ncommand=/bin/cat\n");
    site.write("backups/a.conf.SAVE", "[program:two]\ncommand=/bin/cat\n");
    site.write("nested/a.conf", "[include]\nfiles=../backups/*.conf\n");
    site
}

fn diagnose(site: &Site) -> Diagnosis {
    site.world(|world| examine(Path::new("s.conf"), world)).expect("the file is there")
}

fn corrected(site: &Site) -> (Vec<Corrected>, Diagnosis) {
    site.world(|world| correct(Path::new("s.conf"), world)).expect("the file is there")
}

fn ids(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.findings.iter().map(|finding| finding.rule.id).collect()
}

fn shown(site: &Site, diagnosis: &Diagnosis) -> String {
    let texts: Vec<String> = diagnosis.findings.iter().map(|finding| finding.to_string()).collect();
    site.tidy(&(texts.join("\n\n") + "\n"))
}

#[test]
fn every_bad_example_falls_into_its_own_trap_alone_and_every_good_one_into_none() {
    for rule in rules() {
        let bad = diagnose(&site(&completed(rule.example.bad)));
        let told: BTreeSet<&str> = ids(&bad).into_iter().collect();
        assert_eq!(told, BTreeSet::from([rule.id]), "{}: {:#?}", rule.id, bad.findings);
        let good = diagnose(&site(&completed(rule.example.good)));
        assert!(good.findings.is_empty(), "{}: {:#?}", rule.id, good.findings);
        assert!(good.errors.is_none(), "{}: {:?}", rule.id, good.errors);
        for finding in &bad.findings {
            assert!(!finding.places.is_empty() && !finding.message.is_empty(), "{finding:?}");
            assert_eq!(finding.is_fixable(), rule.is_fixable, "{}", rule.id);
        }
    }
}

#[test]
fn what_can_be_corrected_is_sound_afterwards() {
    for rule in rules().filter(|rule| rule.is_fixable) {
        let site = site(&completed(rule.example.bad));
        let (files, after) = corrected(&site);
        assert!(after.findings.is_empty(), "{}: {:#?}", rule.id, after.findings);
        assert!(after.errors.is_none(), "{}: {:?}", rule.id, after.errors);
        assert_eq!(files.len(), 1, "{}", rule.id);
        site.write("s.conf", &files[0].after);
        assert!(site.load().is_ok(), "{}:\n{}", rule.id, files[0].after);
    }
}

#[test]
fn rules_have_ids_of_their_own_and_say_why_and_what_to_do() {
    let all: Vec<&Rule> = rules().collect();
    assert!(all.len() >= 40, "{} rules", all.len());
    let told = format!("{} known traps", all.len());
    assert!(include_str!("../../../CHANGELOG.md").contains(&told), "the changelog does not say: {told}");
    let ids: BTreeSet<&str> = all.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), all.len());
    for rule in all {
        assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
        for text in [rule.summary, rule.reason, rule.fix] {
            assert!(
                !text.is_empty() && !text.ends_with('.') && !text.contains("  "),
                "{}: {text}",
                rule.id
            );
        }
    }
}

#[test]
fn a_whole_file_is_corrected_line_by_line_and_the_rest_stays_as_it_is() {
    let text = "; shop\n[supervisord]\nuser = root\n\n[unix_http_server]\nfile = %(here)s/s.sock   ; here\n\
        chmod = 0777\n\n[program:web]\n  ; the front\n  command = /bin/sh -c 'cd / && cat'  ; see README\n  \
        stdout_logfile = /dev/stdout\n  environment = A=\"1\",B=x!\n  user = chrism\n\n[program:job]\n\
        comand=/bin/cat\nstopsignal=9\nredirect_stderr=true\nstderr_logfile=%(here)s/e.log\npriority=1\npriority=2\n\
        [include]\nfiles = more/*.conf\n";
    let site = site(text);
    site.write("more/b.conf", "[program:more]\r\ncommand=/bin/date +%H\r\nautorestart=unexpected");
    let (files, after) = corrected(&site);
    assert_eq!(ids(&after), Vec::<&str>::new(), "{:#?}", after.findings);
    assert!(after.errors.is_none(), "{:?}", after.errors);
    let main = &files[0];
    assert_eq!((main.before.as_str(), main.path.as_path()), (text, site.path().join("s.conf").as_path()));
    expect![[r#"
        ; shop
        [supervisord]
        user = root

        [unix_http_server]
        file = %(here)s/s.sock   ; here
        chmod = 0770

        [program:web]
          ; the front
          command = /bin/sh -c 'cd / && cat'  ; see README
          stopasgroup = true
          stdout_logfile = /dev/stdout
          stdout_logfile_maxbytes = 0
          environment = A="1",B="x!",HOME="/home/chrism",USER="chrism"
          user = chrism

        [program:job]
        command=/bin/cat
        redirect_stderr=true
        priority=2
        [include]
        files = more/*.conf

        [rpcinterface:supervisor]
        supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

        [supervisorctl]
        serverurl = unix://%(here)s/s.sock
    "#]]
    .assert_eq(&main.after);
    assert_eq!(
        files[1].after,
        "[program:more]\r\ncommand=/bin/date +%%H\r\nautorestart=unexpected\r\nexitcodes=0\r\n"
    );
    assert_eq!(files.len(), 2);
}

#[test]
fn a_finding_is_told_as_an_error_is_with_why_and_what_to_do() {
    let site = site(&completed("[program:web]\ncommand=/bin/cat\npriority=1\npriority=2\n"));
    let diagnosis = diagnose(&site);
    expect![[r#"
        warning[key-twice]: [program:web] priority is written again, and this one counts
         --> s.conf:4
          |
        4 | priority=2
          | ^^^^^^^^
         --> s.conf:3
          |
        3 | priority=1
          | ^^^^^^^^
          why: the last one counts, across all files, and the first one misleads whoever reads it
          fix: keep the last one
    "#]]
    .assert_eq(&shown(&site, &diagnosis));
    assert_eq!(diagnosis.findings[0].rule.severity, Severity::Warning);
}

#[test]
fn a_shell_variable_that_is_there_becomes_one_of_ours() {
    let site = site(&completed("[program:web]\ncommand=/bin/cat\nenvironment=NAME=$HOST\n"));
    let (files, _) = corrected(&site);
    assert!(files[0].after.contains("\nenvironment=NAME=\"%(ENV_HOST)s\"\n"), "{}", files[0].after);
}

#[test]
fn errors_and_traps_are_told_side_by_side() {
    let site = site(&completed("[program:web]\ncommand=/bin/cat &\nstartsecs=soon\nautorestrat=true\n"));
    let diagnosis = diagnose(&site);
    assert_eq!(ids(&diagnosis), ["command-in-background", "key-unknown"]);
    let report = diagnosis.errors.expect("startsecs=soon is an error");
    assert!(report.first().message().contains("'soon'"), "{report}");
    let missing =
        site.world(|world| examine(Path::new("nope.conf"), world)).expect_err("there is no such file");
    assert_eq!(missing.first().message(), "could not find config file nope.conf");
}

#[test]
fn what_differs_here_is_derived_from_what_the_file_uses() {
    let sound = diagnose(&site(&completed("[program:web]\ncommand=/bin/cat\n")));
    assert_eq!(sound.differences, []);
    let text = "[program:web]\ncommand=/bin/cat\nstdout_logfile=%(here)s/a%%%%b.log\nenvironment=A='x y'\n\
        [program:b]\ncommand=/bin/cat\npriority=3\n[group:g]\nprograms=b\n[ctlplugin:x]\n\
        supervisor.ctl_factory=x:y\n";
    let told = diagnose(&site(&completed(text)));
    let texts: Vec<&str> = told.differences.iter().map(|difference| difference.message.as_str()).collect();
    for piece in ["plug-ins of supervisorctl", "%%%% still is", "POSIX quoting", "start by priority"] {
        assert!(texts.iter().any(|text| text.contains(piece)), "no {piece:?}: {texts:?}");
    }
    assert!(told.differences.iter().all(|difference| !difference.places.is_empty()));
}

#[test]
fn a_copy_that_the_daemon_would_read_is_known_beforehand() {
    let site = site("[supervisord]\n[include]\nfiles=backups/* more/*.conf\n");
    site.world(|world| {
        let caught = |path: &str| would_include(Path::new("s.conf"), world, &world.cwd.join(path));
        assert!(caught("backups/b.conf.fixed") && caught("more/x.conf"));
        assert!(
            !caught("backups/.b.conf.fixed") && !caught("more/x.conf.fixed") && !caught("s.conf.fixed")
        );
    });
}

#[test]
fn every_documented_key_is_known() {
    let page = include_str!("../../../docs/configuration.md");
    for chapter in page.split("\n### `[").skip(1) {
        let section = chapter.split(']').next().expect("a heading names a section");
        let Some(keys) = known::keys(section) else { continue };
        for row in
            chapter.split("\n#").next().unwrap_or_default().lines().filter(|line| line.starts_with("| `"))
        {
            let cell = row.split('|').nth(1).unwrap_or_default();
            let written: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            for key in &written {
                let key = if *key == "stderr_..." {
                    written[0].replace("stdout_", "stderr_")
                } else {
                    (*key).to_owned()
                };
                assert!(
                    keys.contains(&key.as_str()),
                    "[{section}] {key} is documented and not known to the doctor"
                );
            }
        }
    }
}

/// The chapters that are made from the rules.
fn chapters() -> String {
    let chapter = |rule: &Rule| {
        let fixable = if rule.is_fixable { ", `--fix` corrects it" } else { "" };
        let example = |text: &str| text.trim_start_matches('\u{feff}').trim_end().to_owned();
        format!(
            "### `{}`\n\n{}: {}{fixable}.\n\nWhy: {}.\n\nFix: {}.\n\n```ini\n{}\n```\n\nSound:\n\n```ini\n{}\n```\n",
            rule.id,
            rule.severity.as_str(),
            rule.summary,
            rule.reason,
            rule.fix,
            example(rule.example.bad),
            example(rule.example.good),
        )
    };
    rules().map(chapter).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_document_has_every_rule_as_it_is() {
    const BEGIN: &str = "<!-- begin: rules; written by config/tests/config/doctor.rs -->\n";
    const END: &str = "<!-- end -->";
    let (before, rest) = PAGE.split_once(BEGIN).expect("the document has the place for the rules");
    let (_, after) = rest.split_once(END).expect("the place has an end");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", chapters());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/doctor.md");
        std::fs::write(path, wanted).expect("the document can be written");
    } else {
        assert!(PAGE == wanted, "docs/doctor.md is not up to date: run this test with UPDATE_EXPECT=1");
    }
}
