//! Toy actors under a toy parent: bosses that keep [`Children`], workers that end on command, and a diary
//! in which everybody writes what happens to them.
//!
//! ```text
//!   test (the loop) ◄─ Down ─ top ── Boss... ── Worker a, b, c
//! ```

use actix::{
    Actor, ActorContext, Addr, ArbiterHandle, AsyncContext, Context, Handler, Message, WrapFuture,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use treeherd_actors::clock;
use treeherd_actors::supervision::children::{Children, Start, Verdict};
use treeherd_actors::supervision::guard;
use treeherd_actors::supervision::link::{Bid, Down, Exit, Link};
use treeherd_domain::strategy::{Intensity, Restart, Strategy};

/// Longer than any of these tests should take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// How a worker ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// It stops by itself.
    Stop,
    /// A panic in a handler.
    Handler,
    /// A panic in a future that it spawned.
    Future,
    /// A panic in `started()`, at its first start.
    Started,
    /// A panic in what makes it, at its first start.
    Factory,
}

/// What else is wrong with a worker.
#[derive(Clone, Default)]
pub(crate) struct Quirks {
    /// Its `started()` panics up to this incarnation.
    pub(crate) started_fails: u64,
    /// What makes it panics up to this incarnation.
    pub(crate) factory_fails: u64,
    /// Its `stopped()` panics.
    pub(crate) stopped_panics: bool,
    /// Its destructor panics.
    pub(crate) drop_panics: bool,
    /// It lives on another thread.
    pub(crate) on: Option<ArbiterHandle>,
    /// Its destructor waits for this.
    pub(crate) gate: Option<Gate>,
}

/// Something that a destructor waits for.
pub(crate) type Gate = Arc<Mutex<std::sync::mpsc::Receiver<()>>>;

/// A gate, and what opens it.
pub(crate) fn gate() -> (Gate, std::sync::mpsc::Sender<()>) {
    let (open, gate) = std::sync::mpsc::channel();
    (Arc::new(Mutex::new(gate)), open)
}

/// One child of a plan.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) restart: Restart,
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Worker(Quirks),
    Boss(Plan),
}

/// A worker without quirks.
pub(crate) fn worker(name: &'static str, restart: Restart) -> Member {
    quirky(name, restart, Quirks::default())
}

pub(crate) fn quirky(name: &'static str, restart: Restart, quirks: Quirks) -> Member {
    Member { name, restart, kind: Kind::Worker(quirks) }
}

/// A boss below a boss.
pub(crate) fn boss(name: &'static str, plan: Plan) -> Member {
    Member { name, restart: Restart::Permanent, kind: Kind::Boss(plan) }
}

/// What a boss starts.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Intensity,
    pub(crate) members: Vec<Member>,
}

/// A plan whose intensity is never used up.
pub(crate) fn plan(strategy: Strategy, members: Vec<Member>) -> Plan {
    Plan { strategy, intensity: intensity(100, 1000), members }
}

pub(crate) const fn intensity(restarts: usize, seconds: u64) -> Intensity {
    Intensity { restarts, period: Duration::from_secs(seconds) }
}

/// What happened, in order, and where everybody is.
#[derive(Default)]
pub(crate) struct Diary {
    lines: Mutex<Vec<String>>,
    changed: Notify,
    workers: Mutex<HashMap<String, Addr<Worker>>>,
    bosses: Mutex<HashMap<String, Addr<Boss>>>,
}

impl Diary {
    fn write(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.changed.notify_waiters();
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines are this one.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|known| *known == line).count()
    }

    /// How many lines begin so.
    pub(crate) fn count_prefix(&self, prefix: &str) -> usize {
        self.lines().iter().filter(|known| known.starts_with(prefix)).count()
    }

    /// Forgets the lines so far.
    pub(crate) fn clear(&self) {
        self.lines.lock().unwrap().clear();
    }

    /// Waits for a line.
    #[track_caller]
    pub(crate) fn until<'a>(&'a self, line: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let seen = async {
                loop {
                    let changed = self.changed.notified();
                    if self.count(line) > 0 {
                        return;
                    }
                    changed.await;
                }
            };
            let seen = tokio::time::timeout(DEADLINE, seen).await;
            assert!(seen.is_ok(), "{caller}: no {line:?} in {:#?}", self.lines());
        }
    }

    pub(crate) fn worker(&self, name: &str) -> Addr<Worker> {
        self.workers.lock().unwrap()[name].clone()
    }

    pub(crate) fn boss(&self, name: &str) -> Addr<Boss> {
        self.bosses.lock().unwrap()[name].clone()
    }
}

/// End in this way.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct End(pub(crate) Way);

/// The children as text: `a1 b2 c-`; a number is the incarnation, `-` is down.
#[derive(Message)]
#[rtype(result = "String")]
pub(crate) struct Show;

/// The children and how long it took to replace the one before each.
#[derive(Message)]
#[rtype(result = "Vec<(String, Option<Duration>)>")]
pub(crate) struct Repairs;

/// Forget this child.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Forget(pub(crate) &'static str);

/// Start this child (again).
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Hire(pub(crate) Member);

/// Ends, well or badly.
pub(crate) struct Worker {
    name: &'static str,
    quirks: Quirks,
    diary: Arc<Diary>,
    link: Link,
}

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let (name, incarnation) = (self.name, self.link.incarnation());
        assert!(incarnation > self.quirks.started_fails, "toy: {name} cannot start");
        self.diary.write(format!("start {name}{incarnation}"));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let (name, incarnation) = (self.name, self.link.incarnation());
        if std::thread::panicking() {
            // a test that fails takes its toys along: they must not make an abort of it
            return self.diary.write(format!("unwinding {name}{incarnation}"));
        }
        self.diary.write(format!("stop {name}{incarnation}"));
        assert!(!self.quirks.stopped_panics, "toy: {name} cannot stop");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(gate) = &self.quirks.gate {
            // a gate whose opener is gone is open
            let _ = gate.lock().unwrap().recv();
        }
        self.diary.write(format!("drop {}{}", self.name, self.link.incarnation()));
        let panics = self.quirks.drop_panics && !std::thread::panicking();
        assert!(!panics, "toy: {} cannot be dropped", self.name);
    }
}

impl Handler<End> for Worker {
    type Result = ();

    fn handle(&mut self, End(way): End, context: &mut Self::Context) {
        match way {
            Way::Stop => context.stop(),
            Way::Handler => panic!("toy: {} fails", self.name),
            Way::Future => {
                let name = self.name;
                let task = async move {
                    tokio::task::yield_now().await;
                    panic!("toy: {name} fails later");
                };
                context.spawn(task.into_actor(self));
            }
            Way::Started | Way::Factory => unreachable!("these are set beforehand"),
        }
    }
}

impl Handler<Bid> for Worker {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}

/// Keeps children as groups and programs do.
pub(crate) struct Boss {
    name: &'static str,
    plan: Plan,
    children: Children,
    diary: Arc<Diary>,
    link: Link,
}

impl Boss {
    fn new(
        name: &'static str,
        plan: Plan,
        diary: Arc<Diary>,
        context: &mut Context<Self>,
        link: Link,
    ) -> Self {
        let up = context.address().downgrade().recipient();
        let children = Children::new(up, link.clone(), plan.strategy, plan.intensity);
        diary.bosses.lock().unwrap().insert(name.to_owned(), context.address());
        Self { name, plan, children, diary, link }
    }

    fn hire(&mut self, Member { name, restart, kind }: Member) {
        let diary = Arc::clone(&self.diary);
        let start: Start = match kind {
            Kind::Boss(plan) => Box::new(move |link| {
                let (plan, diary) = (plan.clone(), Arc::clone(&diary));
                guard::start(link, move |context, link| Self::new(name, plan, diary, context, link))
                    .recipient()
            }),
            Kind::Worker(quirks) => Box::new(move |link| {
                let (quirks, book, on) = (quirks.clone(), Arc::clone(&diary), quirks.on.clone());
                let make = move |_: &mut Context<Worker>, link: Link| {
                    assert!(link.incarnation() > quirks.factory_fails, "toy: {name} cannot be made");
                    Worker { name, quirks, diary: book, link }
                };
                let address = match on {
                    Some(arbiter) => guard::start_on(&arbiter, link, make),
                    None => guard::start(link, make),
                };
                diary.workers.lock().unwrap().insert(name.to_owned(), address.clone());
                address.recipient()
            }),
        };
        self.children.start(name, restart, start);
    }
}

impl Actor for Boss {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        for member in self.plan.members.clone() {
            self.hire(member);
        }
    }
}

impl Handler<Down> for Boss {
    type Result = ();

    fn handle(&mut self, down: Down, context: &mut Self::Context) {
        let (child, incarnation) = (&down.child, down.incarnation);
        let verdict = self.children.down(&down, clock::now());
        let verdict = match verdict {
            Verdict::Stale => "stale".to_owned(),
            Verdict::Noted => "noted".to_owned(),
            Verdict::Restarted(names) => format!("restarted {}", names.join(" ")),
            Verdict::Escalate(reason) => {
                self.link.ended(Exit::Exhausted(reason));
                context.stop();
                format!("{} gives up", self.name)
            }
        };
        self.diary.write(format!("down {child}{incarnation} ({}): {verdict}", down.exit.reason()));
    }
}

impl Handler<Show> for Boss {
    type Result = String;

    fn handle(&mut self, _: Show, _: &mut Self::Context) -> String {
        let children = self.children.list();
        let child = |child: &treeherd_actors::supervision::children::ChildInfo| {
            if child.alive {
                format!("{}{}", child.name, child.incarnation)
            } else {
                format!("{}-", child.name)
            }
        };
        children.iter().map(child).collect::<Vec<_>>().join(" ")
    }
}

impl Handler<Repairs> for Boss {
    type Result = Vec<(String, Option<Duration>)>;

    fn handle(&mut self, _: Repairs, _: &mut Self::Context) -> Self::Result {
        let children = self.children.list();
        children.iter().map(|child| (child.name.to_string(), child.repair)).collect()
    }
}

impl Handler<Forget> for Boss {
    type Result = ();

    fn handle(&mut self, Forget(name): Forget, _: &mut Self::Context) {
        self.children.forget(name);
    }
}

impl Handler<Hire> for Boss {
    type Result = ();

    fn handle(&mut self, Hire(member): Hire, _: &mut Self::Context) {
        self.hire(member);
    }
}

impl Handler<End> for Boss {
    type Result = ();

    fn handle(&mut self, End(way): End, context: &mut Self::Context) {
        match way {
            Way::Stop => context.stop(),
            _ => panic!("toy: {} fails", self.name),
        }
    }
}

impl Handler<Bid> for Boss {
    type Result = ();

    fn handle(&mut self, bid: Bid, context: &mut Self::Context) {
        bid.heed(context);
    }
}

/// A tree of toys, and the loop above it.
pub(crate) struct Toys {
    pub(crate) diary: Arc<Diary>,
    pub(crate) downs: mpsc::UnboundedReceiver<Down>,
}

impl Toys {
    /// Starts a top boss.
    pub(crate) fn start(plan: Plan) -> Self {
        quiet();
        let (up, downs) = mpsc::unbounded_channel::<Down>();
        let diary = Arc::new(Diary::default());
        let book = Arc::clone(&diary);
        let link = Link::new("top".into(), 1, up, None);
        drop(guard::start(link, move |context, link| Boss::new("top", plan, book, context, link)));
        Self { diary, downs }
    }

    pub(crate) async fn list(&self) -> String {
        self.diary.boss("top").send(Show).await.unwrap()
    }

    pub(crate) fn end(&self, name: &str, way: Way) {
        self.diary.worker(name).do_send(End(way));
    }

    /// The end of the top boss.
    pub(crate) async fn down(&mut self) -> Down {
        let down = tokio::time::timeout(DEADLINE, self.downs.recv()).await;
        down.ok().flatten().unwrap_or_else(|| panic!("the top does not end: {:#?}", self.diary.lines()))
    }
}

/// With paused time: until nothing happens any more.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Runs a test inside an actix system, with time paused.
pub(crate) fn paused<F: Future>(test: impl FnOnce() -> F) -> F::Output {
    actix_rt::System::new().block_on(async {
        tokio::time::pause();
        test().await
    })
}

/// Runs a test inside an actix system, in real time.
pub(crate) fn real<F: Future>(test: impl FnOnce() -> F) -> F::Output {
    actix_rt::System::new().block_on(async { test().await })
}

/// Keeps panics that are meant off the screen; all others are shown as ever.
pub(crate) fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let is_meant = text.is_some_and(|text| text == "injected fault" || text.starts_with("toy: "));
            if !is_meant {
                shown(info);
            }
        }));
    });
}
