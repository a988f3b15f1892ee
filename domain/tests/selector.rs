//! Selectors: what a pattern fits, and that what is printed means what was read.

use proptest::prelude::*;
use treeherd_domain::name::{GroupName, Namespec, ProcessName};
use treeherd_domain::selector::Selector;

fn namespec(text: &str) -> Namespec {
    let (group, process) = text.split_once(':').unwrap_or((text, text));
    Namespec::new(GroupName::new(group), ProcessName::new(process))
}

#[track_caller]
fn check(selector: &str, fits: &str, does_not: &str) {
    let selector = Selector::parse(selector);
    for name in fits.split_whitespace() {
        assert!(selector.matches(&namespec(name)), "{selector} should fit {name}");
    }
    for name in does_not.split_whitespace() {
        assert!(!selector.matches(&namespec(name)), "{selector} should not fit {name}");
    }
}

#[test]
fn all_fits_everything() {
    check("all", "web shop:api all", "");
    check("*", "web shop:api all", "");
    check("*:*", "web shop:api all", "");
}

#[test]
fn a_name_alone_is_a_group_and_a_process_of_that_name() {
    check("web", "web web:web", "shop:web web:api webs");
}

#[test]
fn a_process_called_all_is_named_in_full() {
    check("all:all", "all", "web shop:api");
}

#[test]
fn a_group_is_named_exactly() {
    check("shop:*", "shop:api shop:shop", "shops:api api:shop");
    check("shop:", "shop:api shop:shop", "shops:api api:shop");
}

#[test]
fn names_are_case_sensitive() {
    check("Web", "Web", "web WEB");
    check("W*", "Web", "web");
}

#[test]
fn only_the_first_colon_divides() {
    check("a:b:c", "a:b:c", "a:b b:c");
    check("a:*:c", "a:b:c a:b:b:c", "a:b");
}

#[test]
fn a_star_fits_any_run_even_an_empty_one() {
    check("shop:*api*", "shop:api shop:my_api shop:api_00 shop:my_api_00", "shop:app shop:ap_i");
    check("shop:a*b*c", "shop:abc shop:aXbYc shop:abbcc shop:abcbc", "shop:ab shop:acb shop:abcd");
}

#[test]
fn a_question_mark_fits_exactly_one_character() {
    check("shop:api_?", "shop:api_0 shop:api_é", "shop:api_ shop:api_00");
}

#[test]
fn a_glob_without_a_colon_wants_group_and_process_to_fit() {
    check("w*", "web web:worker", "web:api shop:web");
}

#[test]
fn a_globbed_group_without_a_process_is_the_whole_of_each() {
    check("sh*:", "shop:api shed:x", "web");
}

#[test]
fn a_bracket_is_a_character_like_any_other() {
    check("shop:[ab]*", "shop:[ab]", "shop:a shop:b");
}

/// Globbing said in the plainest way.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', rest @ ..], text) => (0..=text.len()).any(|n| fits(rest, &text[n..])),
        (['?', rest @ ..], [_, text @ ..]) => fits(rest, text),
        ([c, rest @ ..], [d, text @ ..]) => c == d && fits(rest, text),
        ([_, ..], []) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn globs_fit_what_the_plainest_globbing_fits(pattern in "[ab*?]{0,7}", text in "[ab]{0,8}") {
        // the leading `?` makes it a glob, whatever follows
        let selector = Selector::parse(&format!("?:?{pattern}"));
        let plain = fits(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
        prop_assert_eq!(selector.matches(&namespec(&format!("g:x{text}"))), plain);
    }

    #[test]
    fn a_selector_means_the_same_when_it_is_printed_and_read_again(
        text in "[ab*?:]{0,6}",
        names in prop::collection::vec("[ab]{0,3}:[ab:]{0,3}", 16),
    ) {
        let selector = Selector::parse(&text);
        let again = Selector::parse(&selector.to_string());
        for name in names {
            let name = namespec(&name);
            prop_assert_eq!(selector.matches(&name), again.matches(&name), "{} and {}", selector, again);
        }
    }
}
