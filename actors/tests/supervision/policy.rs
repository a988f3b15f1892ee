//! Every kind of child, under every strategy, in every way of ending: who runs afterwards.
//!
//! The child in the middle of three ends; `a` and `c` are permanent. The answer is the list of children:
//! a number is the incarnation that runs, `-` is down, missing is forgotten (OTP's `supervisor_SUITE`,
//! groups `normal`, `shutdown` and `abnormal`).

use crate::toy::{Quirks, Toys, Way, paused, plan, quirky, settle, worker};
use Way::{Factory, Future, Handler, Started, Stop};
use treeherd_domain::strategy::Restart::{self, Permanent, Temporary, Transient};
use treeherd_domain::strategy::Strategy::{self, OneForAll, OneForOne, RestForOne};

#[track_caller]
fn check(restart: Restart, strategy: Strategy, way: Way, expected: &str) {
    let got = paused(|| async {
        let quirks = Quirks {
            started_fails: u64::from(way == Started),
            factory_fails: u64::from(way == Factory),
            ..Quirks::default()
        };
        let members = vec![worker("a", Permanent), quirky("b", restart, quirks), worker("c", Permanent)];
        let toys = Toys::start(plan(strategy, members));
        settle().await;
        if !matches!(way, Started | Factory) {
            toys.end("b", way);
            settle().await;
        }
        toys.list().await
    });
    assert_eq!(got, expected);
}

macro_rules! matrix {
    ($($name:ident: $restart:ident, $strategy:ident, $way:ident => $expected:literal;)*) => {
        $(
            #[test]
            fn $name() {
                check($restart, $strategy, $way, $expected);
            }
        )*
    };
}

matrix! {
    permanent_normal_one_for_one: Permanent, OneForOne, Stop => "a1 b2 c1";
    permanent_abnormal_one_for_one: Permanent, OneForOne, Handler => "a1 b2 c1";
    permanent_abnormal_in_a_future_one_for_one: Permanent, OneForOne, Future => "a1 b2 c1";
    permanent_abnormal_in_started_one_for_one: Permanent, OneForOne, Started => "a1 b2 c1";
    permanent_factory_fails_one_for_one: Permanent, OneForOne, Factory => "a1 b2 c1";

    permanent_normal_one_for_all: Permanent, OneForAll, Stop => "a2 b2 c2";
    permanent_abnormal_one_for_all: Permanent, OneForAll, Handler => "a2 b2 c2";
    permanent_abnormal_in_a_future_one_for_all: Permanent, OneForAll, Future => "a2 b2 c2";
    permanent_abnormal_in_started_one_for_all: Permanent, OneForAll, Started => "a2 b2 c2";
    permanent_factory_fails_one_for_all: Permanent, OneForAll, Factory => "a2 b2 c2";

    permanent_normal_rest_for_one: Permanent, RestForOne, Stop => "a1 b2 c2";
    permanent_abnormal_rest_for_one: Permanent, RestForOne, Handler => "a1 b2 c2";
    permanent_abnormal_in_a_future_rest_for_one: Permanent, RestForOne, Future => "a1 b2 c2";
    permanent_abnormal_in_started_rest_for_one: Permanent, RestForOne, Started => "a1 b2 c2";
    permanent_factory_fails_rest_for_one: Permanent, RestForOne, Factory => "a1 b2 c2";

    transient_normal_one_for_one: Transient, OneForOne, Stop => "a1 b- c1";
    transient_abnormal_one_for_one: Transient, OneForOne, Handler => "a1 b2 c1";
    transient_abnormal_in_a_future_one_for_one: Transient, OneForOne, Future => "a1 b2 c1";
    transient_abnormal_in_started_one_for_one: Transient, OneForOne, Started => "a1 b2 c1";
    transient_factory_fails_one_for_one: Transient, OneForOne, Factory => "a1 b2 c1";

    transient_normal_one_for_all: Transient, OneForAll, Stop => "a1 b- c1";
    transient_abnormal_one_for_all: Transient, OneForAll, Handler => "a2 b2 c2";
    transient_abnormal_in_a_future_one_for_all: Transient, OneForAll, Future => "a2 b2 c2";
    transient_abnormal_in_started_one_for_all: Transient, OneForAll, Started => "a2 b2 c2";
    transient_factory_fails_one_for_all: Transient, OneForAll, Factory => "a2 b2 c2";

    transient_normal_rest_for_one: Transient, RestForOne, Stop => "a1 b- c1";
    transient_abnormal_rest_for_one: Transient, RestForOne, Handler => "a1 b2 c2";
    transient_abnormal_in_a_future_rest_for_one: Transient, RestForOne, Future => "a1 b2 c2";
    transient_abnormal_in_started_rest_for_one: Transient, RestForOne, Started => "a1 b2 c2";
    transient_factory_fails_rest_for_one: Transient, RestForOne, Factory => "a1 b2 c2";

    temporary_normal_one_for_one: Temporary, OneForOne, Stop => "a1 c1";
    temporary_abnormal_one_for_one: Temporary, OneForOne, Handler => "a1 c1";
    temporary_abnormal_in_a_future_one_for_one: Temporary, OneForOne, Future => "a1 c1";
    temporary_abnormal_in_started_one_for_one: Temporary, OneForOne, Started => "a1 c1";
    temporary_factory_fails_one_for_one: Temporary, OneForOne, Factory => "a1 c1";

    temporary_normal_one_for_all: Temporary, OneForAll, Stop => "a1 c1";
    temporary_abnormal_one_for_all: Temporary, OneForAll, Handler => "a1 c1";
    temporary_abnormal_in_a_future_one_for_all: Temporary, OneForAll, Future => "a1 c1";
    temporary_abnormal_in_started_one_for_all: Temporary, OneForAll, Started => "a1 c1";
    temporary_factory_fails_one_for_all: Temporary, OneForAll, Factory => "a1 c1";

    temporary_normal_rest_for_one: Temporary, RestForOne, Stop => "a1 c1";
    temporary_abnormal_rest_for_one: Temporary, RestForOne, Handler => "a1 c1";
    temporary_abnormal_in_a_future_rest_for_one: Temporary, RestForOne, Future => "a1 c1";
    temporary_abnormal_in_started_rest_for_one: Temporary, RestForOne, Started => "a1 c1";
    temporary_factory_fails_rest_for_one: Temporary, RestForOne, Factory => "a1 c1";
}
