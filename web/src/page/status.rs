//! The status page: every process, and what can be done with it.
//!
//! Each row is a form of its own whose buttons are its actions, so that everything works without a script and
//! nothing is changed by following a link.

use super::{escape, hidden, html};
use crate::form::quote;
use crate::site::{Identity, PageRow};
use axum::response::Response;
use std::fmt::Write as _;

/// An action and its words.
type Button = (&'static str, &'static str);

const START: Button = ("start", "Start");
const RESTART: Button = ("restart", "Restart");
const STOP: Button = ("stop", "Stop");
const CLEAR: Button = ("clearlog", "Clear Log");

/// The page. `message`: how the last action went.
pub(crate) fn page(identity: &Identity, year: i32, message: Option<&str>, rows: &[PageRow]) -> Response {
    let title = escape(&identity.identifier);
    let message = message.map_or_else(String::new, |message| {
        format!("<div class=\"status_msg\" role=\"status\">{}</div>\n", escape(message))
    });
    let (name, version) = (escape(&identity.name), escape(&identity.version));
    let body = format!(
        "<header><img src=\"images/supervisor.gif\" alt=\"\" width=\"40\" height=\"40\"><h1>{title}</h1></header>\n\
         <main>\n{message}{}{}</main>\n<footer>{name} <span>{version}</span>, <span>{year}</span></footer>\n",
        buttons(),
        table(rows),
    );
    // scripts look for Supervisor's title, a person for the daemon's name
    html(&format!("Supervisor Status - {title}"), &body)
}

/// What can be done with all.
fn buttons() -> String {
    "<form method=\"post\" action=\"index.html\" id=\"buttons\">\
     <a class=\"button\" href=\"index.html?action=refresh\">Refresh</a> \
     <button name=\"action\" value=\"restartall\">Restart All</button> \
     <button name=\"action\" value=\"stopall\">Stop All</button></form>\n"
        .to_owned()
}

fn table(rows: &[PageRow]) -> String {
    if rows.is_empty() {
        return "<p>No programs to manage</p>\n".to_owned();
    }
    let mut table = String::from(
        "<table>\n<thead><tr><th>State</th><th>Description</th><th>Name</th><th>Action</th></tr></thead>\n<tbody>\n",
    );
    for (index, PageRow { state, description, name, disabled }) in rows.iter().enumerate() {
        let shade = if index % 2 == 1 { " class=\"shade\"" } else { "" };
        let (address, actions) = (quote(name), actions(state, *disabled, name));
        let class = class(state);
        let (state, description, name) = (escape(&state.to_lowercase()), escape(description), escape(name));
        _ = writeln!(
            table,
            "<tr{shade}><td class=\"status\"><span class=\"{class}\">{state}</span></td><td>{description}</td>\
             <td><a href=\"tail.html?processname={address}\" target=\"_blank\" rel=\"noopener\">{name}</a></td>\
             <td class=\"action\">{actions}</td></tr>"
        );
    }
    table.push_str("</tbody>\n</table>\n");
    table
}

fn class(state: &str) -> &'static str {
    match state {
        "RUNNING" => "statusrunning",
        "FATAL" | "BACKOFF" => "statuserror",
        _ => "statusnominal",
    }
}

fn actions(state: &str, disabled: bool, name: &str) -> String {
    let places = match (state, disabled) {
        ("RUNNING", false) => [Some(RESTART), Some(STOP)],
        ("RUNNING", true) => [None, Some(STOP)],
        ("STOPPED" | "EXITED" | "FATAL", false) => [Some(START), None],
        _ => [None, None],
    };
    let place = |place: Option<Button>| match place {
        Some((action, words)) => format!("<button name=\"action\" value=\"{action}\">{words}</button> "),
        None => "<span class=\"blank\"></span> ".to_owned(),
    };
    let buttons: String = places.into_iter().chain([Some(CLEAR)]).map(place).collect();
    let (fields, address) = (hidden([("processname", name)]), quote(name));
    format!(
        "<form method=\"post\" action=\"index.html\">{fields}{buttons}\
         <a href=\"logtail/{address}\" target=\"_blank\" rel=\"noopener\">Tail -f Stdout</a> \
         <a href=\"logtail/{address}/stderr\" target=\"_blank\" rel=\"noopener\">Tail -f Stderr</a> \
         <a href=\"why.html?processname={address}\">Why</a></form>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: &str, description: &str, name: &str) -> PageRow {
        let (state, description, name) = (state.to_owned(), description.to_owned(), name.to_owned());
        PageRow { state, description, name, disabled: false }
    }

    #[test]
    fn rows_are_escaped_shaded_and_classed() {
        let shown = table(&[
            row("RUNNING", "pid 1, uptime 0:00:05", "web"),
            row("FATAL", "can't find <b>\"x\"</b> & co", "a:b"),
            row("STARTING", "", "c"),
        ]);
        let lines: Vec<&str> = shown.lines().skip(3).take(3).collect();
        let parts: [&[&str]; 3] = [
            &[
                "<tr><td class=\"status\"><span class=\"statusrunning\">running</span></td>",
                "<td>pid 1, uptime 0:00:05</td>",
                "<td><a href=\"tail.html?processname=web\" target=\"_blank\" rel=\"noopener\">web</a></td>",
                "<a href=\"logtail/web\" target",
                "<a href=\"logtail/web/stderr\" target",
            ],
            &[
                "<tr class=\"shade\"><td class=\"status\"><span class=\"statuserror\">fatal</span></td>",
                "<td>can&#39;t find &lt;b&gt;&quot;x&quot;&lt;/b&gt; &amp; co</td>",
                "href=\"tail.html?processname=a%3Ab\"",
                "name=\"processname\" value=\"a:b\">",
            ],
            &["<tr><td class=\"status\"><span class=\"statusnominal\">starting</span></td>"],
        ];
        for (line, parts) in lines.iter().zip(parts) {
            for part in parts {
                assert!(line.contains(part), "{part} in {line}");
            }
        }
    }

    #[test]
    fn no_rows_are_said_in_words() {
        assert_eq!(table(&[]), "<p>No programs to manage</p>\n");
    }

    #[test]
    fn what_can_be_done_depends_on_the_state() {
        let words = |state: &str, disabled| {
            let actions = actions(state, disabled, "x");
            let ends = actions.split("</").filter_map(|piece| piece.rsplit_once('>'));
            ends.map(|(_, words)| words).filter(|words| *words != " ").collect::<Vec<_>>().join("|")
        };
        let table = [
            ("RUNNING", "Restart|Stop|Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("STOPPED", "Start||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("EXITED", "Start||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("FATAL", "Start||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("BACKOFF", "||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("STARTING", "||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("STOPPING", "||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
            ("UNKNOWN", "||Clear Log|Tail -f Stdout|Tail -f Stderr|Why"),
        ];
        for (state, expected) in table {
            assert_eq!(words(state, false).trim_end_matches('|'), expected, "{state}");
        }
        // what is disabled cannot be started, so it is not taken down to be
        let running = words("RUNNING", true);
        assert_eq!(running.trim_end_matches('|'), "|Stop|Clear Log|Tail -f Stdout|Tail -f Stderr|Why");
        assert_eq!(words("STOPPED", true), words("STARTING", false));
    }
}
