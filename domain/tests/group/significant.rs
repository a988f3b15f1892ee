//! `auto_shutdown`: which ends of which children end the group.

use crate::herd::check;
use expect_test::expect;

#[test]
fn significant_transient() {
    check(
        "g auto_shutdown=any_significant intensity=9: a b:transient,significant c:transient,significant",
        "0 start | 1 b fails | 2 b ends",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: +b
            2 b ends: [g stops: b, which is significant, ended] -c -a [g is down]
        "#]],
    );
}

#[test]
fn significant_temporary() {
    for how in ["ends", "fails"] {
        let script = format!("0 start | 1 b {how}");
        let trace =
            crate::herd::trace("g auto_shutdown=any_significant: a b:temporary,significant", &script);
        let told = "[g b is over, and not started again] [g stops: b, which is significant, ended] -a [g is down]\n";
        assert!(trace.ends_with(told), "{trace}");
    }
}

#[test]
fn all_significant_waits_for_the_last() {
    check(
        "g auto_shutdown=all_significant intensity=9: a b:transient,significant c:transient,significant",
        "0 start | 1 b ends | 2 c fails | 3 c ends",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b ends:
            2 c fails: +c
            3 c ends: [g stops: c, which is significant, ended] -a [g is down]
        "#]],
    );
}

#[test]
fn one_that_is_about_to_be_restarted_counts_as_running() {
    check(
        "g auto_shutdown=all_significant backoff=5,5,1,0 intensity=9: a b:transient,significant c:transient,significant",
        "0 start | 1 c fails & c fails | 2 b ends | 3 wait",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 c fails: +c
            1.001 c fails:
            2 b ends:
            3 wait:
        "#]],
    );
}

#[test]
fn nonsignificant_transient() {
    check(
        "g auto_shutdown=any_significant: a b:transient c:transient,significant",
        "0 start | 1 b ends",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b ends:
        "#]],
    );
}

#[test]
fn nonsignificant_temporary() {
    check(
        "g auto_shutdown=any_significant: a b:temporary c:temporary,significant",
        "0 start | 1 b fails",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 b fails: [g b is over, and not started again]
        "#]],
    );
}

#[test]
fn significant_bystander() {
    // ends by a sibling's strategy, or by hand, do not count
    check(
        "g strategy=one_for_all auto_shutdown=any_significant intensity=9: a b:temporary,significant \
         c:transient,significant",
        "0 start | 1 a fails | 2 ask stop c",
        expect![[r#"
            0 start: +a +b +c [g is up]
            1 a fails: [g b is over, and not started again] -c -b +a +c
            2 ask stop c: -c
        "#]],
    );
}

#[test]
fn significant_escalation() {
    // the end of a group by auto_shutdown is an end by itself for the group above
    check(
        "top auto_shutdown=any_significant: a @sub:transient,significant | sub auto_shutdown=any_significant: \
         w:transient,significant",
        "0 start | 1 w ends",
        expect![[r#"
            0 start: +a +w [sub is up] [top is up]
            1 w ends: [sub stops: w, which is significant, ended] [sub is down] [top stops: group sub, which is significant, ended] -a [top is down]
        "#]],
    );
}

#[test]
fn never_is_never() {
    check(
        "g auto_shutdown=never: a b:transient,significant",
        "0 start | 1 b ends",
        expect![[r#"
            0 start: +a +b [g is up]
            1 b ends:
        "#]],
    );
}

#[test]
fn a_permanent_group_that_shut_itself_down_is_restarted() {
    check(
        "top intensity=9: @sub | sub auto_shutdown=any_significant: w:transient,significant",
        "0 start | 1 w ends",
        expect![[r#"
            0 start: +w [sub is up] [top is up]
            1 w ends: [sub stops: w, which is significant, ended] [sub is down] +w [sub is up]
        "#]],
    );
}
