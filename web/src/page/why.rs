//! Why a process is as it is, as the daemon tells it, with a link to look again and one back.

use super::{escape, html};
use crate::action::unexpected;
use crate::form::quote;
use axum::response::Response;
use treeherd_domain::fault::Fault;

/// The page of a process.
pub(crate) fn page(name: &str, told: Result<Vec<String>, Fault>) -> Response {
    let text = told.map_or_else(|fault| format!("ERROR: {}", unexpected(&fault)), |lines| lines.join("\n"));
    let again = format!("why.html?processname={}", quote(name));
    let (title, text) = (escape(&format!("Why is {name} as it is?")), escape(&text));
    // HTML would swallow a line feed right behind the tag
    let body = format!(
        "<main>\n<pre>\n{text}</pre>\n<p><a class=\"button\" href=\"{again}\">Refresh</a> \
         <a class=\"button\" href=\"index.html\">All processes</a></p>\n</main>\n"
    );
    html(&title, &body)
}
