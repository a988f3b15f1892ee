//! Users and groups, the wall clock, the host.

use treeherd_os::{clock, host, user};

#[test]
fn users_are_found_by_name_and_by_number_with_the_primary_group_first() {
    let root = user::lookup("root").unwrap().unwrap();
    assert_eq!((root.uid, root.gid, root.groups[0], root.home.as_str()), (0, 0, 0, "/root"));
    assert_eq!(user::lookup("0").unwrap(), Some(root));
    let nobody = user::lookup("nobody").unwrap().unwrap();
    assert_eq!(nobody.groups[0], nobody.gid);
    assert_eq!(user::lookup("no-such-user").unwrap(), None);
    assert_eq!(user::lookup("4000000").unwrap(), None);
}

#[test]
fn groups_are_found_by_name_and_by_number() {
    assert_eq!(user::group("root").unwrap(), Some(0));
    assert_eq!(user::group("0").unwrap(), Some(0));
    assert_eq!(user::group("no-such-group").unwrap(), None);
}

#[test]
fn this_process_has_a_user() {
    let name = user::current_name();
    assert_eq!(user::lookup(&name).unwrap().unwrap().uid, user::current_uid());
    assert_eq!(user::current_gid(), nix::unistd::getgid().as_raw());
}

#[test]
fn local_time_agrees_with_the_systems_own() {
    let ms = 1_700_000_000_123;
    let shown = clock::local_time(ms);
    let output = std::process::Command::new("date").args(["-d", "@1700000000", "+%F %T"]).output().unwrap();
    let expected = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown.to_string(), format!("{},123", expected.trim()));
}

#[test]
fn the_boot_has_an_id() {
    assert_eq!(host::boot_id().unwrap().len(), 36);
}
