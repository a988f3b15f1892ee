//! A number of processes over that of the file.

use crate::support::Site;
use treeherd_domain::scale::Numprocs;
use treeherd_domain::spec::Config;

fn load(text: &str, written: i64, count: i64) -> Config {
    let mut site = Site::new(&format!("[supervisord]\n{text}"));
    site.overrides.programs.insert("a".to_owned(), Numprocs { written, count });
    site.load().unwrap_or_else(|report| panic!("{report}"))
}

fn names(config: &Config) -> Vec<String> {
    config.groups[0].processes.iter().map(|process| process.name.to_string()).collect()
}

const TWO: &str =
    "[program:a]\ncommand=c %(numprocs)d\nnumprocs=2\nnumprocs_start=7\nprocess_name=p%(process_num)d\n";

#[test]
fn it_holds_over_the_number_that_it_was_given_over() {
    let config = load(TWO, 2, 4);
    assert_eq!(names(&config), ["p10", "p7", "p8", "p9"].map(str::to_owned).to_vec());
    assert_eq!(config.groups[0].processes[0].command, "c 4");
    assert_eq!(config.programs["a"], Numprocs { written: 2, count: 4 });
    assert_eq!(names(&load(TWO, 2, 1)), ["p7"]);
    assert!(names(&load(TWO, 2, 0)).is_empty());
}

#[test]
fn another_number_in_the_file_ends_it() {
    let config = load(TWO, 3, 4);
    assert_eq!(names(&config), ["p7", "p8"]);
    assert_eq!(config.programs["a"], Numprocs { written: 2, count: 2 });
}

#[test]
fn sections_of_other_kinds_of_that_name_are_not_meant() {
    let listener = "[eventlistener:a]\ncommand=c\nevents=TICK\n";
    let config = load(listener, 1, 3);
    assert!(config.programs.is_empty());
    assert_eq!(names(&config), ["a"]);
}
