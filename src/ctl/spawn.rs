//! `spawn`: an instance of a template, with arguments.
//!
//! ```text
//! supervisorctl spawn worker queue=mail 'note=two words'     words as the shell gives them
//! supervisor> spawn worker queue=mail 'note=two words'       split by the rules of `command`
//! ```
//!
//! Absent: what becomes of a value (`treeherd_domain::template`).

use crate::ctl::action::find;
use crate::ctl::control::show_started;
use crate::ctl::fault;
use crate::ctl::options::Arguments;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::status;
use std::collections::BTreeMap;
use treeherd_domain::command;
use treeherd_rpc::api::GroupApiClient as _;

/// A template, and the arguments by name.
type Wanted = (String, BTreeMap<String, String>);

/// `spawn <template> [name=value ...]`
pub(super) async fn spawn(session: &mut Session, argument: &str) -> Outcome {
    let (template, args) = match wanted(argument) {
        Ok(wanted) => wanted,
        Err(message) => {
            session.misused("spawn", &format!("Error: {message}"), status::BAD_ARGUMENTS);
            return Ok(());
        }
    };
    let name = template.clone();
    match session.call(async |client| client.group_spawn(name, Some(args), None, None).await).await {
        Ok(operation) => operation.rows.iter().for_each(|row| show_started(session, row)),
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::BAD_NAME) => {
            session.fail(format!("{template}: ERROR (no such template)"));
        }
        Err(Problem::Fault(refusal))
            if refusal.fault.is_some_and(|fault| fault != fault::UNKNOWN_METHOD) =>
        {
            session.fail(format!("{template}: ERROR ({})", fault::words(&refusal)));
        }
        Err(problem) => return Err(problem),
    }
    Ok(())
}

fn wanted(argument: &str) -> Result<Wanted, String> {
    let words = command::split(argument).map_err(|error| error.to_string())?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let action = find("spawn").ok_or("there is no such action")?;
    let mut words = Arguments::of(action, &words).map_err(|error| error.to_string())?.words.into_iter();
    let template = words.next().ok_or("spawn requires the name of a template")?;
    let mut args = BTreeMap::new();
    for word in words {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{word} is no name=value"))?;
        if args.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("{name} is given twice"));
        }
    }
    Ok((template, args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_template_and_its_arguments() {
        let args = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(wanted("worker"), Ok(("worker".to_owned(), args(&[]))));
        let line = r#"worker queue=mail 'note=two words; a=b' "x=it's" empty="#;
        let expected = [("queue", "mail"), ("note", "two words; a=b"), ("x", "it's"), ("empty", "")];
        assert_eq!(wanted(line), Ok(("worker".to_owned(), args(&expected))));
        for wrong in ["", "worker mail", "worker a=1 a=2", "worker 'a=1", "--nope worker"] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }
}
