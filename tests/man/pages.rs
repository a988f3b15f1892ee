//! The pages, one function each.

use crate::markdown;
use crate::roff::Page;
use treeherd::ctl::action::{Action, BLOCKS};
use treeherd::getopt::Rule;

/// The files of `docs/man`, and what stands in them.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![
        ("supervisorctl.1", supervisorctl()),
        ("supervisord.8", supervisord()),
        ("supervisord.conf.5", configuration()),
        ("echo_supervisord_conf.1", echo_supervisord_conf()),
        ("pidproxy.1", pidproxy()),
    ]
}

/// The options of a table.
fn options<Id>(page: Page, rules: &[Rule<Id>]) -> Page {
    let shown = rules.iter().filter(|rule| !rule.meaning.is_empty());
    shown.fold(page, |page, rule| {
        let names: Vec<String> = rule.spellings().map(|name| format!("`{name}`")).collect();
        let value = rule.value.map(|value| format!(" {value}")).unwrap_or_default();
        page.item(&format!("{}{value}", names.join(", ")), &sentence(rule.meaning))
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let rest = letters.as_str().trim_end_matches('.');
    let end = if rest.ends_with('?') { "" } else { "." };
    format!("{first}{rest}{end}")
}

fn supervisorctl() -> String {
    let mut page = Page::new("supervisorctl", 1, "control the processes that supervisord runs")
        .heading("SYNOPSIS")
        .text("`supervisorctl` [options] [action [arguments]]")
        .heading("DESCRIPTION")
        .text(
            "Without an action a shell is started, in which actions are typed. The words of an action are joined by \
             blanks and read as one line of that shell.",
        )
        .heading("OPTIONS");
    page = options(page, treeherd::ctl::args::RULES);
    for block in BLOCKS {
        page = match block.heading {
            "default" => page.heading("ACTIONS").text(
                "A name is that of a process (`web`), of one in a group (`shop:api`), or of a whole group (`shop:*`). \
                 The actions and their output are those of Supervisor.",
            ),
            _ => page.heading("ACTIONS OF TREEHERD").text(
                "Options stand anywhere behind the action; `--` ends them. A long option may be shortened as long as \
                 it is the only one that begins so.",
            ),
        };
        page = block.actions.iter().fold(page, action);
    }
    page.heading("EXIT STATUS")
        .text("Of an action; that of the shell is always 0. An action of ours tells its own with it.")
        .item("0", "Success; also where what was asked for was so already.")
        .item("1", "Failure.")
        .item("2", "Words that make no sense; start of a group that does not exist.")
        .item("3", "`status`: something is STOPPED, EXITED, FATAL or UNKNOWN. Else: the daemon has no `[rpcinterface:supervisor]`.")
        .item("4", "The daemon is not there; `status`: a name that does not exist, too.")
        .item("5", "The daemon speaks another version.")
        .item("7", "A process that could not be started, or does not run; a socket that does not exist.")
        .heading("FILES")
        .text(
            "Without `-c`, supervisord.conf is looked for as `supervisord`(8) does; its section `[supervisorctl]` names \
             the address, user and password, prompt and history.",
        )
        .heading("SEE ALSO")
        .text("`supervisord`(8), `supervisord.conf`(5)")
        .done()
}

fn action(page: Page, action: &Action) -> Page {
    let page = page.item(&format!("`{}` {}", action.name, action.synopsis), action.summary);
    if action.options.is_empty() && action.exits.is_empty() && action.examples.is_empty() {
        return page;
    }
    page.inner(|page| {
        let page = options(page, action.options);
        let told = |page: Page, (status, meaning): &(u8, &str)| {
            page.item(&format!("Exit status {status}"), &sentence(meaning))
        };
        let page = action.exits.iter().fold(page, told);
        let shown = |page: Page, (line, purpose): &(&str, &str)| {
            page.item(&format!("`supervisorctl {line}`"), &sentence(purpose))
        };
        action.examples.iter().fold(page, shown)
    })
}

fn supervisord() -> String {
    let page = Page::new("supervisord", 8, "run programs, and keep them running")
        .heading("SYNOPSIS")
        .text("`supervisord` [options]")
        .heading("DESCRIPTION")
        .text(
            "Starts the programs that its configuration names, starts them again when they end, keeps what they write, \
             and answers `supervisorctl`(1). It goes into the background unless `-n` is given. An option beats the key \
             of the same name in the file, also after the file is read anew.",
        )
        .heading("OPTIONS");
    options(page, treeherd::daemon::args::RULES)
        .heading("SIGNALS")
        .item("TERM, INT, QUIT", "Stop all programs, then end.")
        .item("HUP", "Stop all programs, read the configuration anew, and start.")
        .item("USR2", "Open the log files anew.")
        .item("USR1", "Is told in the log, and nothing else.")
        .heading("EXIT STATUS")
        .item("0", "It has ended as it was told to, or has gone into the background.")
        .item("1", "It could not start, or an error ended it.")
        .item("2", "The command line or the configuration is wrong.")
        .heading("FILES")
        .text(
            "Without `-c` the first of these is read, where B is the parent of the program's directory: \
             B/etc/supervisord.conf, B/supervisord.conf, ./supervisord.conf, ./etc/supervisord.conf, \
             /etc/supervisord.conf, /etc/supervisor/supervisord.conf.",
        )
        .heading("SEE ALSO")
        .text("`supervisorctl`(1), `supervisord.conf`(5), `echo_supervisord_conf`(1), `pidproxy`(1)")
        .done()
}

fn configuration() -> String {
    let page = Page::new("supervisord.conf", 5, "configuration of supervisord and supervisorctl")
        .heading("DESCRIPTION");
    markdown::write(page, include_str!("../../docs/configuration.md"))
        .heading("SEE ALSO")
        .text("`supervisord`(8), `supervisorctl`(1), `echo_supervisord_conf`(1)")
        .done()
}

fn echo_supervisord_conf() -> String {
    Page::new("echo_supervisord_conf", 1, "print a configuration to begin with")
        .heading("SYNOPSIS")
        .text("`echo_supervisord_conf`")
        .heading("DESCRIPTION")
        .text(
            "Prints a configuration file with every section and key; most are commented out and show their defaults. \
             Arguments are ignored, and the exit status is 0.",
        )
        .example("echo_supervisord_conf > supervisord.conf")
        .heading("SEE ALSO")
        .text("`supervisord.conf`(5)")
        .done()
}

fn pidproxy() -> String {
    Page::new("pidproxy", 1, "pass signals on to the process that a pid file names")
        .heading("SYNOPSIS")
        .text("`pidproxy` pidfile command [argument ...]")
        .heading("DESCRIPTION")
        .text(
            "Runs a command that puts itself into the background, and stands for it: the signals TERM, HUP, INT, USR1, \
             USR2 and QUIT are sent to the process whose number is in the pid file. After TERM, INT or QUIT it ends, \
             and also when the command ends.",
        )
        .heading("EXIT STATUS")
        .item("0", "It has ended, however the command did.")
        .item("1", "An argument is missing.")
        .example("[program:mysql]\ncommand=pidproxy /var/run/mysqld.pid /usr/bin/mysqld_safe")
        .heading("SEE ALSO")
        .text("`supervisord.conf`(5)")
        .done()
}
