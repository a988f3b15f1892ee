//! The house rules as tests: who may import whom, where a clock may be read, what every file begins with.
//!
//! Each rule reads the sources of the workspace as text and gathers every breach before it fails, so one run tells
//! all. Deliberately absent: a parser. The rules are coarse, and a breach that hides from them hides from a reader.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates, each with the crates of this workspace and the foreign ones of note that it may not name.
const FORBIDDEN: [(&str, &[&str]); 6] = [
    (
        "domain",
        &[
            "treeherd-config",
            "treeherd-os",
            "treeherd-rpc",
            "treeherd-web",
            "treeherd-actors",
            "actix",
            "actix-rt",
            "tokio",
            "serde",
            "serde_json",
            "slog",
            "libc",
            "nix",
        ],
    ),
    (
        "config",
        &["treeherd-os", "treeherd-rpc", "treeherd-web", "treeherd-actors", "actix", "actix-rt", "tokio"],
    ),
    ("os", &["treeherd-config", "treeherd-rpc", "treeherd-web", "treeherd-actors", "actix", "actix-rt"]),
    ("rpc", &["treeherd-config", "treeherd-os", "treeherd-web", "treeherd-actors", "actix", "actix-rt"]),
    ("web", &["treeherd-config", "treeherd-os", "treeherd-actors", "actix", "actix-rt"]),
    ("actors", &["treeherd"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the workspace: its path from the root, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn within(&self, directory: &str) -> bool {
        self.path.starts_with(directory)
    }

    /// Whether it is test, benchmark or example code as a whole.
    fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        parts.iter().any(|part| ["tests", "benches", "examples"].contains(part))
            || self.path.ends_with("tests.rs")
            || self.path.contains("/tests_")
    }

    /// The code that is built for users, line by line with its number: without comments, up to the first
    /// module of tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
            .map(|(number, line)| (number + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The places where one of these words stands in its code.
    fn places(&self, words: &[&str]) -> Vec<String> {
        let holds = |line: &str| words.iter().any(|word| line.contains(word));
        let lines = self.code().filter(|(_, line)| holds(line));
        lines.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }
}

/// Every file below the root whose name ends so, without what is built and what is hidden.
fn files(suffix: &str) -> Vec<Source> {
    fn walk(directory: &Path, suffix: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory of the workspace can be read").flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if !name.starts_with('.')
                    && !["target", "node_modules", "venv", "var"].contains(&name.as_str())
                {
                    walk(&path, suffix, found);
                }
            } else if name.ends_with(suffix) {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root(), suffix, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = String::from_utf8_lossy(&fs::read(&path).ok()?).into_owned();
        let path = path.strip_prefix(root()).ok()?.to_string_lossy().replace('\\', "/");
        Some(Source { path, text })
    };
    paths.into_iter().filter_map(read).collect()
}

fn rust() -> Vec<Source> {
    let sources = files(".rs");
    assert!(sources.len() > 20, "the sources were not found");
    sources
}

#[track_caller]
fn none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

/// The names in the `[dependencies]` of a manifest, not the ones for tests.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]" || line.ends_with(".dependencies]");
            if let Some(name) = line.strip_prefix("[dependencies.") {
                names.push(name.trim_end_matches(']').to_owned());
            }
        } else if inside && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if !name.is_empty() {
                names.push(name.trim_matches('"').to_owned());
            }
        }
    }
    names
}

#[test]
fn crates_depend_only_downwards() {
    let mut breaches = Vec::new();
    for (name, forbidden) in FORBIDDEN {
        let path = root().join(name).join("Cargo.toml");
        let manifest =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let named = dependencies(&manifest);
        assert!(!named.is_empty(), "{name} has dependencies");
        breaches.extend(
            named
                .iter()
                .filter(|dep| forbidden.contains(&dep.as_str()))
                .map(|dep| format!("{name} -> {dep}")),
        );
    }
    none("a crate depends on one above or beside it", &breaches);
}

#[test]
fn the_domain_depends_on_what_is_as_pure_as_itself() {
    let manifest = fs::read_to_string(root().join("domain/Cargo.toml")).expect("the domain has a manifest");
    assert_eq!(dependencies(&manifest), ["regex", "thiserror"]);
}

#[test]
fn sources_name_only_crates_they_may() {
    let mut breaches = Vec::new();
    for source in rust().iter().filter(|source| !source.is_test()) {
        let Some((name, forbidden)) = FORBIDDEN.iter().find(|(name, _)| source.within(&format!("{name}/")))
        else {
            continue;
        };
        for word in *forbidden {
            let word = word.replace('-', "_");
            let uses = [
                format!("use {word}::"),
                format!("use {word};"),
                format!(" {word}::"),
                format!("({word}::"),
            ];
            let found = source.places(&uses.each_ref().map(String::as_str));
            breaches.extend(found.into_iter().map(|place| format!("{name} names {word}: {place}")));
        }
    }
    none("a source names a crate its own may not", &breaches);
}

#[test]
fn only_actors_and_the_root_name_actix() {
    let allowed = |source: &Source| source.within("actors/") || source.within("src/") || source.is_test();
    let breaches: Vec<String> = rust()
        .iter()
        .filter(|source| !allowed(source))
        .flat_map(|source| source.places(&["actix::", "actix_rt::", "use actix"]))
        .collect();
    none("actix is named outside the tree", &breaches);
}

#[test]
fn only_os_is_unsafe() {
    let word = concat!("uns", "afe");
    let (block, function, item) = (format!("{word} {{"), format!("{word} fn"), format!("{word} impl"));
    let words = [block.as_str(), function.as_str(), item.as_str(), concat!("allow(uns", "afe_code")];
    let breaches: Vec<String> = rust()
        .iter()
        .filter(|source| !source.within("os/") && !source.within("benches/"))
        .flat_map(|source| source.places(&words))
        .collect();
    none("unsafe code outside os", &breaches);
}

#[test]
fn every_source_begins_with_what_it_is() {
    let bare = rust().into_iter().filter(|source| !source.text.starts_with("//! "));
    none("a file does not begin with //!", &bare.map(|source| source.path).collect::<Vec<_>>());
}

#[test]
fn no_source_is_longer_than_500_lines() {
    let long = rust().into_iter().map(|source| (source.text.lines().count(), source.path));
    let breaches: Vec<String> =
        long.filter(|(lines, _)| *lines > 500).map(|(lines, path)| format!("{path}: {lines}")).collect();
    none("a file outgrew its concept", &breaches);
}

#[test]
fn panics_unwind_in_every_profile() {
    let manifests = files("Cargo.toml");
    assert!(manifests.len() >= 7, "the manifests were not found");
    let aborts = |line: &&str| {
        let line = line.split('#').next().unwrap_or_default().replace(' ', "");
        line.contains("panic=\"abort\"")
    };
    // The benchmarks are a workspace of their own, with programs that have no runtime to unwind with.
    let ours = manifests.iter().filter(|source| !source.within("benches/"));
    let breaches = ours.filter(|source| source.text.lines().any(|line| aborts(&line)));
    none(
        "supervision of actors needs unwinding",
        &breaches.map(|source| source.path.clone()).collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_is_left_to_be_done() {
    let words =
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut breaches = Vec::new();
    for source in rust() {
        let lines = source.text.lines().enumerate();
        let open = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        breaches
            .extend(open.map(|(number, line)| format!("{}:{}: {}", source.path, number + 1, line.trim())));
    }
    none("something is left to be done", &breaches);
}

#[test]
fn only_the_programs_print() {
    let words = ["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!("];
    let allowed = |source: &Source| {
        source.within("src/ctl")
            || source.within("src/bin/")
            || source.within("examples/")
            || source.is_test()
    };
    let breaches: Vec<String> =
        rust().iter().filter(|source| !allowed(source)).flat_map(|source| source.places(&words)).collect();
    none("something prints that is no program", &breaches);
}

#[test]
fn the_clock_is_read_in_one_place() {
    let words = ["Instant::now(", "SystemTime::now("];
    let allowed = |source: &Source| source.path == "actors/src/clock.rs" || source.is_test();
    let breaches: Vec<String> =
        rust().iter().filter(|source| !allowed(source)).flat_map(|source| source.places(&words)).collect();
    none("a clock is read outside actors::clock", &breaches);
}

#[test]
fn deadlines_know_only_the_monotonic_clock() {
    let decides = ["domain/src/lifecycle", "domain/src/intensity", "domain/src/rotation"];
    let decides = |source: &Source| decides.iter().any(|place| source.within(place));
    let sources: Vec<Source> = rust().into_iter().filter(decides).collect();
    assert!(sources.iter().any(|source| source.text.contains("Instant")), "what decides was not found");
    let words = ["SystemTime", "wall_ms", "LocalTime", "UNIX_EPOCH"];
    let breaches: Vec<String> = sources.iter().flat_map(|source| source.places(&words)).collect();
    none("a decision depends on a clock that can be set", &breaches);
}

#[test]
fn no_path_of_one_machine_is_named() {
    let homes =
        [concat!("/ro", "ot/."), concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut texts = rust();
    for suffix in [".toml", ".md", ".conf", ".py", ".sh", "run"] {
        texts.extend(files(suffix));
    }
    let mut breaches = Vec::new();
    for source in texts.iter().filter(|source| !source.path.contains("/tests/")) {
        let named = |line: &str| {
            homes.iter().any(|home| {
                // As an absolute path, not as the tail of a longer one.
                line.match_indices(home).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "}_.-~)".contains(c))
                })
            })
        };
        let shipped = source.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").enumerate();
        let lines = shipped.filter(|(_, line)| named(line));
        breaches
            .extend(lines.map(|(number, line)| format!("{}:{}: {}", source.path, number + 1, line.trim())));
    }
    none("a path of one machine is named", &breaches);
}

#[test]
fn the_files_and_programs_that_the_readme_names_exist() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README.md");
    let mut breaches = Vec::new();
    let mut commands = 0;
    for line in readme.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2).filter(|pair| pair[0] == "--bin") {
            commands += 1;
            if !root().join(format!("src/bin/{}.rs", pair[1])).exists() {
                breaches.push(format!("no program {}: {line}", pair[1]));
            }
        }
        for word in words.iter().filter(|word| word.starts_with("examples/") || word.starts_with("tests/"))
        {
            if !root().join(word).exists() {
                breaches.push(format!("no file {word}: {line}"));
            }
        }
        for link in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains("://") && !root().join(link).exists() {
                breaches.push(format!("no file {link}: {line}"));
            }
        }
    }
    assert!(commands >= 2, "the first commands of the README were not found");
    none("the README names what is not there", &breaches);
}

#[test]
fn every_program_of_supervisor_is_one_of_ours() {
    for name in ["supervisord", "supervisorctl", "echo_supervisord_conf", "pidproxy"] {
        assert!(root().join(format!("src/bin/{name}.rs")).exists(), "{name}");
    }
}

#[test]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for script in ["tests/guide/run", "tests/browser/run", ".ci/run"] {
        let found = fs::metadata(root().join(script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        let mode = found.permissions().mode();
        assert!(mode & 0o111 == 0o111, "{script} is not executable");
    }
}
