//! The desired state as text: what is written is read, and what was cut off or made up is not.

use treeherd_domain::desired::{Desired, Disabled, Scaled};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::scale::{Numprocs, Programs, fitting};

fn name(group: &str, process: &str) -> Namespec {
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

fn some() -> Desired {
    let mut desired = Desired::default();
    for (group, process) in [("web", "web"), ("shop", "api_01"), ("shop", "naïve")] {
        let by = "process.disable by uid 0\nend 0".to_owned();
        desired.disable(name(group, process), Disabled { since_ms: 1_763_856_000_000, by });
    }
    for (program, count, written) in [("web", 8, 2), ("café", 0, 1)] {
        desired.scale(program, Some(scaled(count, written)));
    }
    desired
}

fn scaled(count: i64, written: i64) -> Scaled {
    let by = "process.scale by uid 0\nend 0".to_owned();
    Scaled { numprocs: Numprocs { written, count }, since_ms: 1_763_856_000_001, by }
}

#[test]
fn what_is_written_is_read() {
    let text = some().to_text();
    let read = Desired::parse(&text).expect("it is whole");
    assert_eq!(read.to_text(), text);
    assert_eq!(read.disabled().count(), 3);
    assert!(read.is_disabled(&name("shop", "naïve")) && !read.is_disabled(&name("shop", "web")));
    let shown: Vec<_> = read.scaled().map(|(program, scaled)| (program, scaled.numprocs.count)).collect();
    assert_eq!((shown, read.programs().len()), (vec![("café", 0), ("web", 8)], 2));
    assert!(
        text.contains("\nscaled web 8 2 1763856000001 process.scale by uid 0 end 0\nend 5\n"),
        "{text}"
    );
    assert_eq!(Desired::parse(&Desired::default().to_text()), Ok(Desired::default()));
}

#[test]
fn the_file_has_the_last_word_on_a_number() {
    let mut desired = some();
    let read = |written| [("web".to_owned(), Numprocs::as_written(written))].into();
    // the same number is nothing new, and a program that is not there now may come back
    assert_eq!(desired.settle(&read(2)), []);
    let over = desired.settle(&read(3));
    assert_eq!(over, [("web".to_owned(), scaled(8, 2))]);
    assert_eq!(desired.scaled().map(|(program, _)| program).collect::<Vec<_>>(), ["café"]);
    assert_eq!(desired.settle(&read(2)), [], "it does not come back with the old number");
    desired.scale("café", None);
    assert_eq!(desired.programs(), Programs::new());
    assert_eq!(desired.disabled().count(), 3);
}

#[test]
fn numbers_that_do_not_fit_are_left_out_each_by_itself() {
    let programs: Programs = [("a", 1, 1), ("b", 1, 5), ("c", 2, 7), ("d", 3, 9)]
        .map(|(name, written, count)| (name.to_owned(), Numprocs { written, count }))
        .into();
    // a configuration in which some of them cannot be more than one
    let load = |bad: &'static [&'static str]| {
        move |programs: &Programs| {
            let is_bad = |name: &&&str| programs.get(**name).is_some_and(|one| one.count != one.written);
            match bad.iter().find(is_bad) {
                Some(name) => Err(format!("{name} is one")),
                None => Ok(programs.values().map(|one| one.count).collect::<Vec<_>>()),
            }
        }
    };
    assert_eq!(fitting(&programs, load(&[])), Ok((vec![1, 5, 7, 9], vec![])));
    let misfits = vec![("b".to_owned(), "b is one".to_owned()), ("d".to_owned(), "d is one".to_owned())];
    assert_eq!(fitting(&programs, load(&["b", "d"])), Ok((vec![1, 7], misfits)));
    // it is no matter of numbers
    let broken = |_: &Programs| Err::<(), _>("broken");
    assert_eq!(fitting(&programs, broken), Err("broken"));
}

#[test]
fn what_was_cut_off_anywhere_is_refused() {
    let text = some().to_text();
    let whole = text.trim_end().len();
    for end in (0..whole).filter(|end| text.is_char_boundary(*end)) {
        assert!(Desired::parse(&text[..end]).is_err(), "{:?}", &text[..end]);
    }
    for line in [
        "scaled web 8 2 x me",
        "scaled web 8 1 me",
        "scaled web -1 2 1 me",
        "scaled web 70000 2 1 me",
        "scaled ",
    ] {
        let text = format!("treeherd desired state, format 1\n{line}\nend 1\n");
        assert!(Desired::parse(&text).is_err(), "{text:?}");
    }
    for text in ["", "{}", "\0\0\0", "treeherd desired state, format 2\nend 0\n"] {
        assert!(Desired::parse(text).is_err(), "{text:?}");
    }
    assert!(Desired::parse(&(text.clone() + "disabled a:b 1 me\n")).is_err());
    let error = Desired::parse("treeherd desired state, format 1\ndisabled web 1 me\nend 1\n");
    assert_eq!(error.expect_err("no process").to_string(), "line 2: not a line of this format");
}

#[test]
fn who_disabled_first_is_kept_until_it_is_enabled() {
    let (web, mut desired) = (name("web", "web"), some());
    desired.disable(web.clone(), Disabled { since_ms: 1, by: "another".to_owned() });
    assert!(!desired.to_text().contains("another"));
    desired.enable(&web);
    desired.enable(&web);
    assert!(!desired.is_disabled(&web));
}
