//! `scale`: another number of processes for a program, by which only the difference is touched.
//!
//! ```text
//! scale web=8          so many, until the file has another numprocs, also over the end of the daemon
//! scale web=default    as many as the file says
//! scale                each program, how many it has, and since when and by whom, if that is not what the file says
//! ```

use crate::ctl::fault;
use crate::ctl::reshape::tell;
use crate::ctl::server::Problem;
use crate::ctl::session::{Outcome, Session};
use crate::ctl::status;
use treeherd_rpc::api::{ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::wire::{ProgramInfo, ScaleInfo, ScaledInfo};

/// The word for as many as the file says.
const DEFAULT: &str = "default";

/// `scale [<program>=<number>|default ...]`
pub(super) async fn scale(session: &mut Session, argument: &str) -> Outcome {
    if argument.is_empty() {
        return list(session).await;
    }
    let mut wanted = Vec::new();
    for word in argument.split_whitespace() {
        let Some(one) = parse(word) else {
            let message =
                format!("Error: {word:?} is not a program and a number, such as web=8 or web=default");
            session.misused("scale", &message, status::BAD_ARGUMENTS);
            return Ok(());
        };
        wanted.push(one);
    }
    session.call(async |client| client.get_api_version().await).await?;
    session.server.require_ours("it has no process.scale")?;
    for (program, count) in wanted {
        let name = program.to_owned();
        match session.call(async |client| client.process_scale(name, count).await).await {
            Ok(done) => show(session, &done),
            Err(problem @ Problem::Fault(_)) => refused(session, program, &problem),
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

async fn list(session: &mut Session) -> Outcome {
    session.call(async |client| client.get_api_version().await).await?;
    session.server.require_ours("it has no process.programs")?;
    let programs = session.call(async |client| client.process_programs().await).await?;
    let width = programs.iter().map(|program| program.name.chars().count()).max().unwrap_or(0);
    programs.iter().for_each(|program| session.screen.line(line(program, width)));
    Ok(())
}

/// `web      8 processes (the file says 2; since 2026-11-22T14:52:16.363Z, process.scale over JSON-RPC by uid 0)`
fn line(ProgramInfo { name, count, numprocs, scaled }: &ProgramInfo, width: usize) -> String {
    let noun = if *count == 1 { "process" } else { "processes" };
    let file = match scaled {
        Some(ScaledInfo { since, by }) => format!(" (the file says {numprocs}; since {since}, {by})"),
        None => String::new(),
    };
    format!("{name:width$}  {count} {noun}{file}")
}

fn parse(word: &str) -> Option<(&str, Option<u32>)> {
    let (program, count) = word.rsplit_once('=')?;
    let count = if count == DEFAULT { None } else { Some(count.parse().ok()?) };
    Some((program, count)).filter(|(program, _)| !program.is_empty())
}

fn show(session: &mut Session, done: &ScaleInfo) {
    for group in &done.groups {
        group.rows.iter().for_each(|row| tell(session, group, row));
    }
    let ScaleInfo { name, before, count, numprocs, .. } = done;
    let file = if count == numprocs { String::new() } else { format!(" (the file says {numprocs})") };
    match (done.applied, before == count) {
        (true, true) => session.screen.line(format!("{name}: {count} processes as before{file}")),
        (true, false) => session.screen.line(format!("{name}: {before} -> {count} processes{file}")),
        (false, _) => {
            session.fail(format!("{name}: has problems; not scaled"));
            let changed = done.groups.iter().filter(|group| group.applied);
            let changed = changed.map(|group| group.name.as_str()).collect::<Vec<_>>().join(" ");
            if !changed.is_empty() {
                session.screen.error(&format!(
                    "supervisorctl: changed before that: {changed} (`supervisorctl update {changed}` takes it back)\n"
                ));
            }
        }
    }
}

fn refused(session: &mut Session, program: &str, problem: &Problem) {
    if let Problem::Fault(refusal) = problem {
        session.fail(format!("{program}: ERROR ({})", fault::words(refusal)));
        session.explain(problem);
    }
}
