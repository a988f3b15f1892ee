//! A group under OTP's rules: it carries out the orders of its machine, and keeps its deadline.
//!
//! Which orders were handed on ([`Post`](treeherd_domain::group::Post)) is all that this actor knows; its successor, and one of whose programs has a successor,
//! sends again what is not done, and a program that finds it done already says so.

use super::Group;
use crate::command::{Reply, Verb};
use crate::grove::Orders;
use crate::program::{self, Take};
use actix::{AsyncContext, Context, Handler};
use treeherd_domain::cause::Cause;
use treeherd_domain::group::{Errand, Forest, Request, Wish};
use treeherd_domain::name::Namespec;

impl Group {
    /// Whether it is under OTP's rules, or has to go along with groups that are.
    pub(super) fn is_driven(&self) -> bool {
        self.shared.arena.grove.drives(self.estate.name())
    }

    /// From now on it carries out orders; those that there are at once.
    pub(super) fn take_orders(&self, context: &mut Context<Self>) {
        self.shared.take_orders_for(self.estate.name(), context.address().recipient());
        context.notify(Orders);
    }

    /// Programs may have lost what they were told.
    pub(super) fn send_again(&mut self, context: &mut Context<Self>) {
        self.post.again();
        context.notify(Orders);
    }

    /// Tells the machine of a stop that a process has got. Whether it takes a start it tells itself.
    pub(super) fn ask_machine(&self, namespec: &Namespec, verb: Verb) {
        if let Some(wish @ Wish::Stop) = Wish::of(verb) {
            self.shared.ask_group(namespec, wish);
        }
    }

    /// The daemon ends: everything down, in the order that the group has.
    pub(super) fn halt_in_order(&mut self, cause: Cause, reply: Reply, context: &mut Context<Self>) {
        self.halting = Some((cause, reply));
        self.post.halt();
        let name = self.estate.name().clone();
        self.shared.feed(|forest: &mut Forest, now| forest.request(Some(&name), Request::Halt, now));
        context.notify(Orders);
    }

    /// Hands an order on; whether there is somebody to take it.
    fn send(&self, Errand { process, ticket, task }: &Errand, cause: &Cause) -> bool {
        let Some(program) = self.program(process) else { return false };
        match (task, &self.halting) {
            (Some(task), _) => {
                program.do_send(Take { task: *task, ticket: *ticket, cause: cause.clone() });
            }
            (None, Some((cause, reply))) => {
                program.do_send(program::Halt { cause: cause.clone(), reply: reply.clone() });
            }
            (None, None) => {}
        }
        true
    }

    fn ring(&mut self, context: &mut Context<Self>) {
        self.shared.feed(Forest::due);
        context.notify(Orders);
    }

    /// Its own deadline, or that of the groups as a whole.
    fn arm(&mut self, context: &mut Context<Self>) {
        let deadline = {
            let trees = self.shared.arena.grove.trees();
            let own = trees.forest.deadline_of(Some(self.estate.name()));
            own.into_iter().chain(trees.forest.deadline_of(None)).min()
        };
        self.alarm.set(deadline, context, |group| &mut group.alarm, Self::ring);
    }
}

impl Handler<Orders> for Group {
    type Result = ();

    fn handle(&mut self, _: Orders, context: &mut Self::Context) {
        if !self.is_driven() {
            return;
        }
        let (orders, cause) = self.shared.orders(self.estate.name());
        if orders.is_empty() {
            self.halting = None;
        }
        for errand in self.post.next(orders) {
            if self.send(&errand, &cause) {
                self.post.handed(errand.ticket);
            }
        }
        self.arm(context);
    }
}
