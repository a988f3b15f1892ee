//! The rows of the table, T1 to T18: what each is called, where its values are, and its goals.

use crate::scale::Scale;

/// A goal against the floor's value.
#[derive(Clone, Copy)]
pub enum Floor {
    /// The floor does not do this, or no goal is set.
    None,
    /// At most so many times the floor's.
    AtMost(f64),
    /// At least so many times the floor's.
    AtLeast(f64),
    /// At most so much more than the floor's, in the row's unit.
    Plus(f64),
    /// At most this, whatever the floor's is.
    Absolute(f64),
}

/// A row.
pub struct Row {
    /// T1 to T18.
    pub id: &'static str,
    /// What is measured.
    pub label: String,
    /// The unit of the values.
    pub unit: &'static str,
    /// Whether more is better.
    pub more: bool,
    /// Key of our values.
    pub ours: String,
    /// Key of the others' values, where it is another.
    pub others: String,
    /// How many times better than Supervisor we are to be.
    pub supervisor: Option<f64>,
    /// How near to the floor.
    pub floor: Floor,
}

fn row(id: &'static str, label: impl Into<String>, unit: &'static str, key: impl Into<String>) -> Row {
    let (label, key) = (label.into(), key.into());
    let (ours, others) = (key.clone(), key);
    Row { id, label, unit, more: false, ours, others, supervisor: None, floor: Floor::None }
}

impl Row {
    fn more(mut self) -> Self {
        self.more = true;
        self
    }

    fn goals(mut self, supervisor: f64, floor: Floor) -> Self {
        (self.supervisor, self.floor) = (Some(supervisor), floor);
        self
    }

    fn against(mut self, others: &str) -> Self {
        self.others = others.to_owned();
        self
    }
}

/// All rows. The goals are those of the full size; where a quick run has fewer programs they are shown against these.
pub fn all(scale: &Scale) -> Vec<Row> {
    use Floor::{Absolute, AtLeast, AtMost, None, Plus};
    let (some, many) = (scale.some, scale.many);
    let memory = |n: usize| Plus(1.5 + 0.003 * n as f64);
    let mut rows = vec![
        row("T1", "PSS, N=0", "MB", "pss/0").goals(8.0, memory(0)),
        row("T1", format!("PSS, N={many}"), "MB", format!("pss/{many}")).goals(6.0, memory(many)),
    ];
    if let Some(most) = scale.most {
        rows.push(
            row("T1", format!("PSS, N={most}"), "MB", format!("pss/{most}")).goals(4.0, memory(most)),
        );
    }
    for n in [some, many] {
        let mut wakes = row("T2", format!("wake-ups at rest, N={n}"), "/s", format!("wakeups/{n}"));
        let mut busy = row("T2", format!("CPU at rest, N={n}"), "ms/s", format!("rest/{n}"));
        (wakes.floor, busy.floor) = (Absolute(0.1), Absolute(0.02));
        rows.extend([wakes, busy]);
    }
    let boot = |id, n: usize| row(id, format!("boot, N={n}"), "ms", format!("boot/{n}"));
    rows.push(boot("T3", scale.few).goals(60.0, AtMost(1.5)));
    rows.push(boot("T3", some).goals(15.0, AtMost(1.2)));
    rows.push(boot("T4", many).goals(6.0, AtMost(1.2)));
    rows.extend(scale.most.map(|most| boot("T4", most).goals(7.0, AtMost(1.2))));
    for n in [Some(some), Some(many), scale.most].into_iter().flatten() {
        let label = format!("own CPU for each program booted, N={n}");
        rows.push(row("T5", label, "ms", format!("bootcpu/{n}")).goals(7.0, AtMost(1.1)));
    }
    let back = |id, what: &str, n: usize| {
        row(id, format!("respawn {what}, N={n}"), "ms", format!("respawn-{what}/{n}"))
    };
    rows.extend([
        back("T6", "median", 1).goals(700.0, AtMost(1.3)),
        back("T6", "median", many).goals(250.0, AtMost(1.25)),
        back("T7", "p99", many).goals(200.0, AtMost(1.1)),
        row("T8", "status of one, N=1", "/s", "one/1").more(),
        row("T8", format!("status of one, N={many}"), "/s", format!("one/{many}"))
            .more()
            .goals(200.0, AtLeast(0.7)),
        row("T8", format!("own CPU of it, N={many}"), "us", format!("onecpu/{many}")),
        row("T9", format!("status of all {many}"), "/s", format!("all/{many}"))
            .more()
            .goals(500.0, AtLeast(0.2)),
        row("T9", format!("own CPU of it, N={many}"), "us", format!("allcpu/{many}")),
        row("T10", format!("`ctl status` one, N={many}"), "ms", format!("ctl-one/{many}"))
            .goals(700.0, AtMost(1.6)),
        row("T10", format!("`ctl status` all, N={many}"), "ms", format!("ctl-all/{many}"))
            .goals(190.0, None),
        row("T11", format!("`ctl restart` one, N={many}"), "ms", format!("ctl-restart/{many}"))
            .goals(60.0, None),
        row("T12", "log, 1 writer, 64 KB writes", "MB/s", "log/64k").more().goals(1.35, AtLeast(1.0)),
        row("T12", "log, 1 writer, a write a line", "MB/s", "log/line").more().goals(1.0, AtLeast(1.4)),
        row("T13", format!("log, {} writers, 64 KB writes", scale.writers), "MB/s", "log/many")
            .more()
            .goals(2.0, AtLeast(1.2)),
        row("T14", "log CPU for each GB, 64 KB writes", "s", "logcpu/64k").goals(1.4, AtMost(1.0)),
        row("T14", "log CPU for each GB, a write a line", "s", "logcpu/line").goals(4.0, AtMost(0.2)),
        row("T15", "log, pipes of 1 MB (ours), 64 KB writes", "MB/s", "log/wide")
            .more()
            .goals(2.0, AtLeast(1.5))
            .against("log/64k"),
    ]);
    let stop =
        |n: usize, order: &str| row("T16", format!("shutdown, N={n}{order}"), "ms", format!("stop/{n}"));
    for (n, times, floor) in [(some, 10.0, 1.3), (many, 40.0, 1.2)] {
        rows.push(stop(n, ", stop_order=parallel").goals(times, AtMost(floor)));
        let mut ordered = stop(n, ", default order");
        ordered.ours = format!("stop-ordered/{n}");
        rows.push(ordered);
    }
    let storm = scale.storm;
    rows.push(
        row("T17", format!("storm of {storm}: starts"), "/s", "storm/starts")
            .more()
            .goals(5.0, AtLeast(0.85)),
    );
    rows.push(
        row("T18", format!("storm of {storm}: control p99"), "ms", "storm/p99").goals(100.0, AtMost(0.7)),
    );
    rows
}
