//! AUTO log files: made under unique names, cleaned up by identifier.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use treeherd_domain::stream::Stream;
use treeherd_os::autolog::{auto_name, clean_up, create_auto};

#[test]
fn a_file_is_made_for_its_owner_only_under_the_name_that_supervisor_gives() {
    let directory = tempfile::tempdir().unwrap();
    let path = create_auto("web_0", Stream::Stderr, "supervisor", directory.path()).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let suffix = name.strip_prefix("web_0-stderr---supervisor-").unwrap().strip_suffix(".log").unwrap();
    assert_eq!(suffix.len(), 8);
    assert!(suffix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{suffix}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let other = auto_name("web_0", Stream::Stderr, "supervisor", directory.path()).unwrap();
    assert_ne!(path, other);
}

#[test]
fn a_clean_up_takes_the_files_of_its_identifier_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let ours = create_auto("cat", Stream::Stdout, "super.visor", directory.path()).unwrap();
    let old = ours.with_extension("log.3");
    fs::write(&old, "").unwrap();
    let others = [
        create_auto("cat", Stream::Stdout, "super.visor-2", directory.path()).unwrap(),
        create_auto("cat", Stream::Stdout, "super_visor", directory.path()).unwrap(),
        at("cat-stdout---super.visor-abcdefgh.log.bak"),
    ];
    fs::write(&others[2], "").unwrap();
    fs::create_dir(at("cat-stdout---super.visor-abcdefgh.log")).unwrap();
    symlink(&others[0], at("cat-stderr---super.visor-abcdefgh.log")).unwrap();
    let mut cleaned = clean_up("super.visor", directory.path()).unwrap();
    cleaned.removed.sort();
    assert_eq!(cleaned.removed, [ours, old]);
    let mut left: Vec<_> = cleaned.failed.iter().map(|(path, _)| path.clone()).collect();
    left.sort();
    assert_eq!(
        left,
        ["cat-stderr---super.visor-abcdefgh.log", "cat-stdout---super.visor-abcdefgh.log"].map(at)
    );
    assert!(others.iter().all(|other| other.exists()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 5);
    assert!(clean_up("super.visor", &at("none")).is_err());
}
