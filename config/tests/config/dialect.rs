//! The INI dialect: one test a rule.

use crate::support::{Site, command_of, first_error};
use expect_test::expect;

#[test]
fn a_line_that_begins_with_a_comment_sign_is_ignored_at_any_indentation() {
    assert_eq!(command_of("; one\n  # two\n\t;three=4\ncommand=a\n"), "a");
}

#[test]
fn a_comment_line_does_not_end_a_value() {
    assert_eq!(command_of("command=a\n  b\n; note\n  # note\n  c\n"), "a\nb\nc");
}

#[test]
fn an_inline_comment_needs_white_space_before_it() {
    assert_eq!(command_of("command=a;b #c\n"), "a;b");
    assert_eq!(command_of("command=a#b\t;c\n"), "a#b");
    assert_eq!(command_of("command=x;y#z\n"), "x;y#z");
}

#[test]
fn quotes_do_not_protect_from_comments() {
    assert_eq!(command_of("command=bash -c \"a ; b\"\n"), "bash -c \"a");
}

#[test]
fn comment_signs_are_searched_in_step() {
    assert_eq!(command_of("command=a#b #c ;d\n"), "a#b #c");
}

#[test]
fn a_value_that_is_all_comment_is_empty() {
    assert_eq!(command_of("command= ; nothing\n"), "");
}

#[test]
fn blank_lines_inside_a_value_are_kept_and_trailing_ones_dropped() {
    assert_eq!(command_of("command=a\n\n  \n  b\n\n\n"), "a\n\n\nb");
}

#[test]
fn a_line_that_is_indented_more_than_its_option_continues_it() {
    assert_eq!(command_of("command=1\n  j=2\n"), "1\nj=2");
    assert_eq!(command_of("command=1\n  [x]\n"), "1\n[x]");
    assert_eq!(command_of("  command=1\n    more\n  priority=2\n"), "1\nmore");
}

#[test]
fn a_continuation_after_an_empty_value_begins_with_a_line_feed() {
    assert_eq!(command_of("command=\n  a\n"), "\na");
}

#[test]
fn a_header_does_not_let_its_next_line_continue_anything() {
    assert_eq!(command_of("   command=a\n"), "a");
}

#[test]
fn a_section_name_goes_to_the_last_bracket_and_what_follows_is_ignored() {
    let site = Site::new("[supervisord] junk\n[program:b]c]\ncommand=a\n[program:d] x=1\ncommand=b\n");
    expect![[r#"
        program b]c priority 999
          process b]c: "a"
        program d priority 999
          process d: "b"
    "#]]
    .assert_eq(&site.shown());
}

#[test]
fn section_names_are_not_stripped() {
    assert_eq!(first_error("[ supervisord ]\n"), ".ini file does not include supervisord section");
}

#[test]
fn section_names_are_case_sensitive() {
    assert_eq!(first_error("[Supervisord]\n"), ".ini file does not include supervisord section");
}

#[test]
fn headers_may_be_indented() {
    let site = Site::new("[supervisord]\n\t[program:a]\n  command=x\n");
    assert_eq!(site.load().unwrap().groups[0].name.as_str(), "a");
}

#[test]
fn an_empty_header_is_no_header() {
    assert_eq!(first_error("[]\n"), "File contains no section headers.\nfile: 's.conf', line: 1\n'[]\\n'");
}

#[test]
fn key_and_value_are_split_at_the_first_equals_or_colon() {
    assert_eq!(command_of("command: a=b\n"), "a=b");
    assert_eq!(command_of("command = a:b\n"), "a:b");
    assert_eq!(command_of("command=:x\n"), ":x");
}

#[test]
fn keys_are_case_insensitive_and_may_hold_spaces_and_dots() {
    assert_eq!(command_of("a key.with dots=1\nCOMMAND =x\n"), "x");
}

#[test]
fn values_are_never_unquoted_or_unescaped() {
    assert_eq!(command_of(r#"command="a" 'b' \n \"#), r#""a" 'b' \n \"#);
    assert_eq!(command_of("command=a\\\npriority=1\n"), "a\\");
}

#[test]
fn sections_merge_and_the_last_of_equal_keys_counts() {
    let text = "[supervisord]\n[program:a]\ncommand=1\npriority=3\n[group:g]\n[program:a]\ncommand=2\n";
    let config = Site::new(text).load().unwrap();
    let process = &config.groups.iter().find(|g| g.name.as_str() == "a").unwrap().processes[0];
    assert_eq!((process.command.as_str(), process.priority), ("2", 3));
}

#[test]
fn default_lends_its_keys_to_every_section() {
    let text =
        "[DEFAULT]\ncommand=lent\npriority=5\n[supervisord]\n[program:a]\n[program:b]\ncommand=own\n";
    expect![[r#"
        program a priority 5
          process a: "lent"
            priority 5
        program b priority 5
          process b: "own"
            priority 5
    "#]]
    .assert_eq(&Site::new(text).shown());
}

#[test]
fn unknown_sections_and_keys_are_ignored() {
    let site =
        Site::new("[supervisord]\nbogus=1\n[other:x]\n%(nonsense=%(\n[program:a]\ncommand=c\nwhat=%(x)s\n");
    assert_eq!(site.load().unwrap().groups.len(), 1);
}

#[test]
fn carriage_returns_end_lines_and_a_byte_order_mark_is_skipped() {
    let site =
        Site::new("\u{feff}[supervisord]\r\n[program:a]\r\ncommand=x\r\n  y\r\n\r\n  z\rpriority=3\r\n");
    let config = site.load().unwrap();
    assert_eq!(config.groups[0].processes[0].command, "x\ny\n\nz");
    assert_eq!(config.groups[0].priority, 3);
}

#[test]
fn private_characters_of_the_text_survive() {
    assert_eq!(command_of("command=\u{e000}\\\u{e001}]\n"), "\u{e000}\\\u{e001}]");
}

#[test]
fn an_option_before_any_section_ends_the_reading() {
    assert_eq!(
        first_error("; note\nx=1\nbad\n"),
        "File contains no section headers.\nfile: 's.conf', line: 2\n'x=1\\n'"
    );
}

#[test]
fn all_lines_that_are_nothing_are_listed() {
    assert_eq!(
        first_error("[supervisord]\ngarbage line\n[a]\n=no key\n  \tanother 'bad'"),
        "Source contains parsing errors: 's.conf'\n\t[line  2]: 'garbage line\\n'\n\t[line  4]: '=no key\\n'\
         \n\t[line  5]: \"  \\tanother 'bad'\""
    );
}

#[test]
fn an_empty_file_lacks_its_section() {
    assert_eq!(first_error(""), ".ini file does not include supervisord section");
}
