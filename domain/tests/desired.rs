//! The desired state as text: what is written is read, and what was cut off or made up is not.

use treeherd_domain::desired::{Desired, Disabled};
use treeherd_domain::name::{GroupName, Namespec, ProcessName};

fn name(group: &str, process: &str) -> Namespec {
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

fn some() -> Desired {
    let mut desired = Desired::default();
    for (group, process) in [("web", "web"), ("shop", "api_01"), ("shop", "naïve")] {
        let by = "process.disable by uid 0\nend 0".to_owned();
        desired.disable(name(group, process), Disabled { since_ms: 1_763_856_000_000, by });
    }
    desired
}

#[test]
fn what_is_written_is_read() {
    let text = some().to_text();
    let read = Desired::parse(&text).expect("it is whole");
    assert_eq!(read.to_text(), text);
    assert_eq!(read.disabled().count(), 3);
    assert!(read.is_disabled(&name("shop", "naïve")) && !read.is_disabled(&name("shop", "web")));
    assert_eq!(Desired::parse(&Desired::default().to_text()), Ok(Desired::default()));
}

#[test]
fn what_was_cut_off_anywhere_is_refused() {
    let text = some().to_text();
    let whole = text.trim_end().len();
    for end in (0..whole).filter(|end| text.is_char_boundary(*end)) {
        assert!(Desired::parse(&text[..end]).is_err(), "{:?}", &text[..end]);
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
