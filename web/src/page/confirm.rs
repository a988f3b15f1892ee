//! Asks before a browser changes something by a mere address: a link, a bookmark, a picture of another site.

use super::{escape, hidden, html};
use crate::action::Action;
use axum::response::Response;

/// The question, with a button that does it.
pub(crate) fn page(action: &Action, question: &str) -> Response {
    let (fields, question) = (hidden(action.fields()), escape(question));
    let body = format!(
        "<main class=\"confirm\">\n<h1>{question}</h1>\n\
         <p>Somebody's link or your bookmark asks for it. It is done only if you say so.</p>\n\
         <form method=\"post\" action=\"index.html\">{fields}<button>Yes</button></form>\n\
         <p><a href=\"index.html\">No, show the processes</a></p>\n</main>\n"
    );
    html(&question, &body)
}
