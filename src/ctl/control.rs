//! Actions on processes: `start`, `stop`, `restart`, `signal`, `clear`.
//!
//! ```text
//! all            one call      supervisor.startAllProcesses
//! group:*        one a group   group.start, group.stop,          rows in the order in which they settled; also those
//!                              process.signal                    of the groups below it
//!                              supervisor.startProcessGroup      of a supervisord written in Python
//! name           one a name    supervisor.startProcess
//! restart ...    one call      process.restart with every selector: its rows are printed as the stops,
//!                              then as the starts, in the order of the words; of a supervisord written in
//!                              Python, first all stops, then all starts
//! ```

use crate::ctl::options::{self, Arguments};
use crate::ctl::render::{self, Deed};
use crate::ctl::server::{ClientError, Problem};
use crate::ctl::session::{Outcome, Session};
use crate::ctl::{fault, rolling, status};
use treeherd_domain::name::{GroupName, Namespec, ProcessName, Target};
use treeherd_domain::selector::Selector;
use treeherd_rpc::api::{GroupApiClient as _, ProcessApiClient as _, SupervisorApiClient as _};
use treeherd_rpc::client::HttpClient;
use treeherd_rpc::code::RemoteFault;
use treeherd_rpc::wire::supervisor::{SignalName, StatusRow, TrueOrStatuses};
use treeherd_rpc::wire::{Operation, Row, Selectors};

type Rows = Result<Vec<StatusRow>, ClientError>;

/// A deed with what it needs to be asked for.
#[derive(Clone, Copy)]
enum Order<'a> {
    Start,
    Stop,
    Signal(&'a str),
    Clear,
}

impl Order<'_> {
    fn deed(self) -> Deed {
        match self {
            Self::Start => Deed::Start,
            Self::Stop => Deed::Stop,
            Self::Signal(_) => Deed::Signal,
            Self::Clear => Deed::Clear,
        }
    }

    async fn all(self, client: &HttpClient) -> Rows {
        match self {
            Self::Start => client.start_all_processes(None).await,
            Self::Stop => client.stop_all_processes(None).await,
            Self::Signal(signal) => client.signal_all_processes(SignalName::from(signal)).await,
            Self::Clear => client.clear_all_process_logs().await,
        }
    }

    /// The group and all groups below it. What is in the asked state already is left out.
    async fn tree(self, client: &HttpClient, group: String) -> Rows {
        match self {
            Self::Start => client.group_start(group, None, None).await.map(status_rows),
            Self::Stop => client.group_stop(group, None, None).await.map(status_rows),
            Self::Signal(signal) => {
                let tree = Selectors::from(vec![format!("{group}:*")]);
                match client.process_signal(tree, SignalName::from(signal)).await {
                    Ok(operation) => {
                        let mut rows = status_rows(operation);
                        rows.retain(|row| row.status != fault::NOT_RUNNING);
                        Ok(rows)
                    }
                    // refused as a whole, as a signal that is none: this one tells it for each
                    Err(_) => self.group(client, group).await,
                }
            }
            Self::Clear => self.group(client, group).await,
        }
    }

    async fn group(self, client: &HttpClient, group: String) -> Rows {
        match self {
            Self::Start => client.start_process_group(group, None).await,
            Self::Stop => client.stop_process_group(group, None).await,
            Self::Signal(signal) => client.signal_process_group(group, SignalName::from(signal)).await,
            // There is no method for it: a whole group is a bad name to this one.
            Self::Clear => client.clear_process_logs(format!("{group}:*")).await.map(|_| Vec::new()),
        }
    }

    async fn one(self, client: &HttpClient, name: String) -> Rows {
        let answer = match self {
            Self::Start => client.start_process(name, None).await?,
            Self::Stop => client.stop_process(name, None).await?,
            Self::Signal(signal) => client.signal_process(name, SignalName::from(signal)).await?,
            Self::Clear => TrueOrStatuses::True(client.clear_process_logs(name).await?),
        };
        Ok(match answer {
            TrueOrStatuses::True(_) => Vec::new(),
            TrueOrStatuses::Statuses(rows) => rows,
        })
    }
}

/// `start <name>...`
pub(super) async fn start(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    if argument.is_empty() {
        session.misused("start", "Error: start requires a process name", status::BAD_ARGUMENTS);
        return Ok(());
    }
    if options::is_new_form(argument) {
        return start_alone(session, argument).await;
    }
    carry_out(session, Order::Start, argument).await
}

/// `start --no-deps <name>...`: each word by itself, without what it requires.
async fn start_alone(session: &mut Session, argument: &str) -> Outcome {
    let Some(arguments) = session.arguments("start", argument, Ok) else { return Ok(()) };
    if arguments.words.is_empty() {
        session.misused("start", "Error: start requires a process name", status::BAD_ARGUMENTS);
        return Ok(());
    }
    let alone = arguments.has("no-deps") && !session.server.is_python();
    for word in if alone { arguments.words() } else { Vec::new() } {
        let selectors = Selectors::from(vec![word.to_owned()]);
        let rows =
            async |client: &HttpClient| client.process_start(selectors, None, None, Some(true)).await;
        match session.call(rows).await {
            Ok(operation) => show_starts(session, word, &Ok(operation.rows)),
            Err(Problem::Fault(refusal)) => show_starts(session, word, &Err(refusal)),
            Err(problem) => return Err(problem),
        }
    }
    match alone {
        true => Ok(()),
        // a supervisord written in Python knows of no requirements
        false => carry_out(session, Order::Start, &arguments.words.join(" ")).await,
    }
}

/// `stop <name>...`
pub(super) async fn stop(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    if argument.is_empty() {
        session.misused("stop", "Error: stop requires a process name", status::FAILURE);
        return Ok(());
    }
    carry_out(session, Order::Stop, argument).await
}

/// `signal <signal> <name>...`
pub(super) async fn signal(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    match argument.split_once(char::is_whitespace) {
        Some((signal, names)) => carry_out(session, Order::Signal(signal), names).await,
        None => {
            let message = "Error: signal requires a signal name and a process name";
            session.misused("signal", message, status::FAILURE);
            Ok(())
        }
    }
}

/// `clear <name>...`
pub(super) async fn clear(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    if argument.is_empty() {
        session.misused("clear", "Error: clear requires a process name", status::FAILURE);
        return Ok(());
    }
    carry_out(session, Order::Clear, argument).await
}

async fn carry_out(session: &mut Session, order: Order<'_>, names: &str) -> Outcome {
    let names: Vec<&str> = names.split_whitespace().collect();
    if names.contains(&"all") {
        let rows = session.call(async |client| order.all(client).await).await?;
        show_rows(session, order.deed(), &rows);
        return Ok(());
    }
    for name in names {
        match Namespec::parse(name) {
            Target::Group(group) => whole_group(session, order, group.as_str()).await?,
            Target::Process(namespec) => one_process(session, order, name, &namespec).await?,
        }
    }
    Ok(())
}

async fn whole_group(session: &mut Session, order: Order<'_>, group: &str) -> Outcome {
    let is_python = session.server.is_python();
    let name = || group.to_owned();
    let asked = async |client: &HttpClient| match is_python {
        true => order.group(client, name()).await,
        false => order.tree(client, name()).await,
    };
    match session.call(asked).await {
        Ok(rows) => show_rows(session, order.deed(), &rows),
        Err(problem) if problem.fault() == Some(fault::BAD_NAME) => {
            no_such_group(session, order.deed(), group);
        }
        Err(problem) => return Err(problem),
    }
    Ok(())
}

fn no_such_group(session: &mut Session, deed: Deed, group: &str) {
    if deed == Deed::Clear {
        // Supervisor joins the group with its word for "no process"; scripts may look for it.
        return session.fail(format!("{group}:None: ERROR (no such process)"));
    }
    session.screen.line(format!("{group}: ERROR (no such group)"));
    session.status.set(if deed == Deed::Start { status::BAD_ARGUMENTS } else { status::FAILURE });
}

async fn one_process(session: &mut Session, order: Order<'_>, name: &str, namespec: &Namespec) -> Outcome {
    let shown = namespec.to_string();
    match session.call(async |client| order.one(client, name.to_owned()).await).await {
        Ok(_) => show(session, order.deed(), &shown, fault::SUCCESS, ""),
        Err(Problem::Fault(refusal)) => show_fault(session, order.deed(), &shown, &refusal),
        Err(problem) => return Err(problem),
    }
    Ok(())
}

fn status_rows(operation: Operation) -> Vec<StatusRow> {
    let rows = operation.rows.into_iter();
    rows.map(|row| {
        let (status, message) = (fault_of(&row).unwrap_or(fault::SUCCESS), message_of(&row).to_owned());
        StatusRow { name: row.name, group: row.group, status, description: message }
    })
    .collect()
}

fn show_rows(session: &mut Session, deed: Deed, rows: &[StatusRow]) {
    for row in rows {
        show(session, deed, &render::namespec(&row.group, &row.name), row.status, &row.description);
    }
}

fn show(session: &mut Session, deed: Deed, namespec: &str, code: i32, description: &str) {
    session.screen.line(render::result(deed, namespec, code, description));
    session.status.fold(code, deed.ignored());
}

/// A fault as a result; on stderr why a spawn failed, which the line does not tell.
fn show_fault(session: &mut Session, deed: Deed, namespec: &str, refusal: &RemoteFault) {
    show(session, deed, namespec, refusal.fault.unwrap_or(fault::FAILED), &refusal.message);
    if let Some(spawnerr) = refusal.detail("spawnerr").filter(|text| !text.is_empty()) {
        session.screen.error(&format!("{namespec}: {spawnerr}\n"));
    }
}

/// `restart <name>...`: one call, whatever the number of names.
pub(super) async fn restart(session: &mut Session, argument: &str) -> Outcome {
    if !session.upcheck().await? {
        return Ok(());
    }
    let read = |arguments: Arguments| Ok((rolling::Wanted::read(&arguments)?, arguments));
    let read = match options::is_new_form(argument) {
        true => session.arguments("restart", argument, read),
        false => Some((None, Arguments::plain(argument))),
    };
    let Some((rolling, arguments)) = read else { return Ok(()) };
    let alone = arguments.has("no-deps").then_some(true);
    let mut words: Vec<&str> = arguments.words();
    if words.is_empty() {
        session.misused("restart", "Error: restart requires a process name", status::FAILURE);
        return Ok(());
    }
    if let Some(wanted) = rolling {
        return rolling::restart(session, &wanted).await;
    }
    if words.contains(&"all") {
        words = vec!["all"];
    }
    if session.server.is_python() {
        let names = words.join(" ");
        carry_out(session, Order::Stop, &names).await?;
        return carry_out(session, Order::Start, &names).await;
    }
    let results = restarted(session, &words, alone).await?;
    for (word, rows) in &results {
        show_stops(session, word, rows);
    }
    for (word, rows) in &results {
        show_starts(session, word, rows);
    }
    Ok(())
}

/// What became of one word of `restart`: rows, or a refusal of the word itself.
type Restarted<'a> = (&'a str, Result<Vec<Row>, Box<RemoteFault>>);

/// Restarts all words in one call. A word that names nothing does not keep the others from restarting:
/// should the call be refused for it, each word is asked for by itself.
async fn restarted<'a>(
    session: &mut Session,
    words: &[&'a str],
    alone: Option<bool>,
) -> Result<Vec<Restarted<'a>>, Problem> {
    let selectors = Selectors::from(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    match session
        .call(async |client| client.process_restart(selectors, None, None, alone, None).await)
        .await
    {
        Ok(operation) => {
            let mut rest = operation.rows;
            let mut results: Vec<Restarted<'a>> =
                words.iter().map(|word| (*word, take_rows(&mut rest, word))).collect();
            // no word names the processes of the groups below one that is named
            let is_whole = |word: &str| matches!(Namespec::parse(word), Target::Group(_));
            let whole = results.iter_mut().filter(|(word, _)| is_whole(word));
            if let Some(rows) = whole.filter_map(|(_, rows)| rows.as_mut().ok()).next() {
                rows.append(&mut rest);
            }
            Ok(results)
        }
        Err(Problem::Fault(refusal)) if refusal.fault == Some(fault::BAD_NAME) => match words {
            [word] => Ok(vec![(word, Err(refusal))]),
            words => {
                let mut results = Vec::new();
                for word in words {
                    results.extend(Box::pin(restarted(session, &[word], alone)).await?);
                }
                Ok(results)
            }
        },
        Err(problem) => Err(problem),
    }
}

/// The rows that belong to a word. A name given twice has its rows at the first place.
fn take_rows(rows: &mut Vec<Row>, word: &str) -> Result<Vec<Row>, Box<RemoteFault>> {
    let selector = Selector::parse(word);
    let is_of_word = |row: &Row| {
        let names = (GroupName::new(&row.group), ProcessName::new(&row.name));
        let target = row.error.as_ref().and_then(|error| error.data.target.as_deref());
        selector.matches(&Namespec::new(names.0, names.1)) || target == Some(word)
    };
    let (taken, rest) = std::mem::take(rows).into_iter().partition::<Vec<Row>, _>(is_of_word);
    *rows = rest;
    let is_bad_name = |row: &&Row| fault_of(row) == Some(fault::BAD_NAME);
    match taken.iter().find(is_bad_name).and_then(|row| row.error.clone()) {
        Some(error) => Err(Box::new(RemoteFault::from(error))),
        None => Ok(taken),
    }
}

fn fault_of(row: &Row) -> Option<i32> {
    row.error.as_ref().map(|error| error.data.fault.unwrap_or(fault::FAILED))
}

fn message_of(row: &Row) -> &str {
    row.error.as_ref().map_or("", |error| error.message.as_str())
}

/// How one start went.
pub(super) fn show_started(session: &mut Session, row: &Row) {
    let namespec = render::namespec(&row.group, &row.name);
    match &row.error {
        None => show(session, Deed::Start, &namespec, fault::SUCCESS, ""),
        Some(error) => show_fault(session, Deed::Start, &namespec, &error.clone().into()),
    }
}

fn show_stops(session: &mut Session, word: &str, rows: &Result<Vec<Row>, Box<RemoteFault>>) {
    let rows = match rows {
        Ok(rows) => rows,
        Err(refusal) => return show_refused(session, Deed::Stop, word, refusal),
    };
    for row in rows {
        let namespec = render::namespec(&row.group, &row.name);
        if row.stopped == Some(true) {
            show(session, Deed::Stop, &namespec, fault::SUCCESS, "");
        } else if let Some(why) = rolling::not_restarted(row) {
            session.screen.line(why);
            session.status.fold(fault::FAILED, None);
        } else if could_not_stop(row) {
            show(session, Deed::Stop, &namespec, fault::FAILED, message_of(row));
        } else if is_one(word) {
            show(session, Deed::Stop, &namespec, fault::NOT_RUNNING, "");
        }
    }
}

fn show_starts(session: &mut Session, word: &str, rows: &Result<Vec<Row>, Box<RemoteFault>>) {
    let rows = match rows {
        Ok(rows) => rows,
        Err(refusal) => return show_refused(session, Deed::Start, word, refusal),
    };
    for row in rows.iter().filter(|row| !could_not_stop(row)) {
        match rolling::not_restarted(row) {
            Some(why) => {
                session.screen.line(why);
                session.status.fold(fault::FAILED, None);
            }
            None => show_started(session, row),
        }
    }
}

/// The system, or the daemon, refused before anything was stopped.
fn could_not_stop(row: &Row) -> bool {
    row.stopped != Some(true) && fault_of(row) == Some(fault::FAILED)
}

fn show_refused(session: &mut Session, deed: Deed, word: &str, refusal: &RemoteFault) {
    match Namespec::parse(word) {
        Target::Group(group) => no_such_group(session, deed, group.as_str()),
        Target::Process(namespec) => show_fault(session, deed, &namespec.to_string(), refusal),
    }
}

/// Whether a word names one process, and not a group, a pattern or all.
fn is_one(word: &str) -> bool {
    word != "all" && !word.contains(['*', '?']) && matches!(Namespec::parse(word), Target::Process(_))
}
