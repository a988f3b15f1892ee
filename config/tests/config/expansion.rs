//! Expansion: the `%` syntax, the variables of each place, `environment`.

use crate::support::{Site, command_of, first_error};

#[track_caller]
fn program(lines: &str) -> String {
    format!("[supervisord]\n[program:p]\n{lines}\n")
}

#[test]
fn conversions_write_what_python_writes() {
    let cases = [
        ("%(program_name)s", "p"),
        ("%(program_name)-5s|", "p    |"),
        ("%(program_name)5s|", "    p|"),
        ("%(ENV_HOST).2s", "ex"),
        ("%(process_num)s %(process_num)02d %(process_num)d", "5 05 5"),
        ("%(process_num)+d|%(process_num) d|%(process_num)-4d|", "+5| 5|5   |"),
        ("%(process_num)#x %(process_num)#o %(process_num)010X", "0x5 0o5 0000000005"),
        ("%(process_num)05.2d %(process_num).3d %(process_num)+05d", "00005 005 +0005"),
        ("%(process_num)f %(process_num).1f %(process_num).0f", "5.000000 5.0 5"),
        ("%(process_num)e %(process_num)g %(process_num)#g", "5.000000e+00 5 5.00000"),
        ("%(process_num)08.3f %(process_num)#.0f %(process_num).0e", "0005.000 5. 5e+00"),
        ("%(program_name)r %(program_name)a %(program_name)c", "'p' 'p' p"),
        ("%(process_num)ld %(program_name)hs", "5 p"),
        ("dhcrelay -a %%h:%%p %%P", "dhcrelay -a %h:%p %P"),
        ("%(host_node_name)s %(group_name)s %(numprocs)d", "node1 p 1"),
        ("%(ENV_PERCENT)s", "foo_%s_%%_bar"),
    ];
    for (written, expanded) in cases {
        assert_eq!(command_of(&format!("numprocs_start=5\ncommand={written}")), expanded, "{written}");
    }
}

#[test]
fn what_cannot_be_formatted_is_refused_in_pythons_words() {
    let cases = [
        ("100%", "incomplete format"),
        ("%(x", "incomplete format key"),
        ("%(program_name)", "incomplete format"),
        ("a %b", "unsupported format character 'b' (0x62) at index 3"),
        ("é%(program_name)é", "unsupported format character '?' (0xe9) at index 16"),
        ("%(program_name)d", "%d format: a real number is required, not str"),
        ("%(program_name)x", "%x format: an integer is required, not str"),
        ("%(program_name)f", "must be real number, not str"),
        ("%(ENV_HOST)c", "%c requires int or char"),
        ("%d", "%d format: a real number is required, not dict"),
        ("%(program_name)s %s", "not enough arguments for format string"),
        ("%(program_name)*d", "* wants int"),
        ("%*d", "* wants int"),
        ("%(process_num)*d", "not enough arguments for format string"),
        ("%(process_num)*.*d", "not enough arguments for format string"),
        ("%(process_num)99999999999d", "width too big"),
        ("%(process_num)d%text", "not enough arguments for format string"),
        ("%(process_num)d%*", "not enough arguments for format string"),
        ("%(process_num)d%#%", "not enough arguments for format string"),
        ("%s %(x", "incomplete format key"),
        ("date +%s", "%s names no variable (a literal percent sign is written %%)"),
    ];
    for (written, reason) in cases {
        assert_eq!(
            first_error(&program(&format!("command={written}"))),
            format!(
                "Format string '{written}' for 'program:p.command' is badly formatted: {reason} in section \
                 'program:p' (file: 's.conf')"
            )
        );
    }
}

#[test]
fn an_unknown_name_is_shown_with_those_that_there_are() {
    let names = "ENV_HOST, ENV_PERCENT, group_name, here, host_node_name";
    assert_eq!(
        first_error(&program("command=%(nope)s")),
        format!(
            "Format string '%(nope)s' for 'program:p.command' contains names ('nope') which cannot be expanded. \
             Available names: {names}, numprocs, process_num, program_name in section 'program:p' (file: \
             's.conf')"
        )
    );
    assert_eq!(
        first_error(&program("command=c\nstartsecs=%(process_num)d")),
        format!(
            "Format string '%(process_num)d' for 'program:p.startsecs' contains names ('process_num') which \
             cannot be expanded. Available names: {names}, program_name in section 'program:p' (file: 's.conf')"
        )
    );
    assert_eq!(
        first_error("[supervisord]\nenvironment=A=%(nope)s\n"),
        "Format string 'A=%(nope)s' for 'environment' contains names ('nope') which cannot be expanded. \
         Available names: ENV_HOST, ENV_PERCENT, here, host_node_name"
    );
}

#[test]
fn a_group_level_priority_knows_no_program_name_and_its_error_no_section() {
    assert_eq!(
        first_error(&program("command=c\npriority=%(program_name)s")),
        "Format string '%(program_name)s' for 'program:p.priority' contains names ('program_name') which \
         cannot be expanded. Available names: ENV_HOST, ENV_PERCENT, here"
    );
}

#[test]
fn here_is_the_directory_of_the_file() {
    let site = Site::new(&program("command=%(here)s/run"));
    assert_eq!(site.tidy(&site.load().unwrap().groups[0].processes[0].command), "DIR/run");
}

#[test]
fn the_daemons_environment_reaches_programs_as_variables_and_in_their_environment() {
    let site = Site::new(
        "[supervisord]\nenvironment=FOO=\"set from [supervisord] section\",H=%(host_node_name)s,P=\"%%\"\n\
         [program:p]\ncommand=echo %(ENV_FOO)s\nenvironment=MINE=1\n",
    );
    let config = site.load().unwrap();
    let process = &config.groups[0].processes[0];
    assert_eq!(process.command, "echo set from [supervisord] section");
    assert_eq!(
        format!("{:?}", process.environment),
        r#"{"FOO": "set from [supervisord] section", "H": "node1", "MINE": "1", "P": "%"}"#
    );
}

#[test]
fn a_programs_own_environment_overrides_the_daemons_for_its_other_keys() {
    let site = Site::new(
        "[supervisord]\nenvironment=FOO=daemon\n[program:p]\nenvironment=FOO=\"own %(process_num)d\"\n\
         command=echo %(ENV_FOO)s\ndirectory=/srv/%(ENV_FOO)s\n",
    );
    let config = site.load().unwrap();
    let process = &config.groups[0].processes[0];
    assert_eq!(process.command, "echo own 0");
    assert_eq!(process.directory.as_deref(), Some("/srv/own 0"));
    assert_eq!(process.environment["FOO"], "own 0");
}

#[test]
fn environment_itself_sees_only_the_daemons_variables() {
    let site = Site::new(&program("command=c\nenvironment=A=1,B=%(ENV_A)s"));
    assert!(site.first().contains("contains names ('ENV_A')"));
}

#[test]
fn a_percent_sign_in_a_logfile_is_two_or_four() {
    for written in ["%%", "%%%%"] {
        let site = Site::new(&program(&format!("command=c\nstdout_logfile=x{written}.log")));
        let process = &site.load().unwrap().groups[0].processes[0];
        let shown = format!("{:?}", process.stdout.logfile);
        assert_eq!(site.tidy(&shown), "Path(\"DIR/x%.log\")", "{written}");
    }
}

#[test]
fn a_malformed_environment_is_refused_in_supervisors_words() {
    let cases = [
        ("A=1,,B=2", "Unexpected end of key/value pairs in value 'A=1,,B=2'"),
        ("A=\"x", "No closing quotation"),
    ];
    for (written, words) in cases {
        let text = program(&format!("command=c\nenvironment={written}"));
        assert_eq!(first_error(&text), format!("{words} in section 'program:p' (file: 's.conf')"));
        assert_eq!(first_error(&format!("[supervisord]\nenvironment={written}\n")), words);
    }
}
