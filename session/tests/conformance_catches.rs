//! The suite catches each wrong store, and in the case that is about its mistake.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used)]

mod wrong;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use session::testing::conformance;
use wrong::{BrokenPromise, Mistake, WrongStore};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether the case fails. Its panics are expected, and say nothing.
fn fails(case: impl FnOnce()) -> bool {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let worker = std::thread::current().name() == Some("tokio-rt-worker");
            if !worker && !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let failed = catch_unwind(AssertUnwindSafe(case)).is_err();
    QUIET.set(false);
    failed
}

macro_rules! failing {
    ([$make:expr] $($topic:ident { $($case:ident)* })*) => {
        [$($(
            (
                concat!(stringify!($topic), "::", stringify!($case)),
                fails(|| conformance::run(async { $make }, conformance::$topic::$case)),
            ),
        )*)*]
    };
}

/// The cases that fail with this mistake, by their names.
fn cases_that_fail_with(mistake: Mistake) -> Vec<&'static str> {
    let all = session::__conformance_cases! { [failing] WrongStore::new(mistake) };
    all.iter()
        .filter(|(_, failed)| *failed)
        .map(|(name, _)| *name)
        .collect()
}

/// One test a mistake: `only` these cases fail (a race may fail besides: that is chance), or these `among` others.
macro_rules! catches {
    ($($test:ident: $mistake:ident fails $kind:ident [$($case:literal),* $(,)?];)*) => {
        $(
            #[test]
            fn $test() {
                let failed = cases_that_fail_with(Mistake::$mistake);
                let expected = [$($case),*];
                for case in expected {
                    assert!(failed.contains(&case), "{case} passes, and these fail: {failed:#?}");
                }
                catches!(@$kind failed expected);
            }
        )*
    };
    (@only $failed:ident $expected:ident) => {
        for case in $failed.iter().filter(|case| !case.starts_with("race::")) {
            assert!($expected.contains(case), "{case} fails, too");
        }
    };
    (@among $failed:ident $expected:ident) => {
        assert!($failed.len() > $expected.len(), "these are all that fail");
    };
}

catches! {
    upsert_in_save: UpsertInSave fails only [
        "create::p21_t09_no_other_verb_makes_a_record",
        "extreme::t20_a_deadline_that_has_passed_is_absent",
        "save::d05_gone_for_an_unknown_key",
        "save::t24_gone_for_an_expired_session",
        "save::t24_gone_for_a_swept_session",
        "save::t22_gone_for_a_session_that_was_destroyed",
        "save::t23_gone_for_a_session_that_was_rotated",
    ];
    no_version_check_in_save: NoVersionCheckInSave fails only [
        "race::t28_no_increment_is_lost",
        "revoke::t29_the_excepted_session_is_stamped_anew",
        "save::s17_conflict_hands_back_the_current_record",
        "save::conflict_shows_a_renewed_deadline",
        "save::repeated_is_a_conflict_that_shows_its_commit",
    ];
    check_then_write: CheckThenWrite fails only ["race::t28_no_increment_is_lost"];
    header_then_data: HeaderThenData fails only [
        "cancel::t16_save",
        "extreme::t20_a_deadline_that_has_passed_is_absent",
    ];
    stale_conflict: StaleConflict fails only [
        "race::t28_no_increment_is_lost",
        "revoke::t29_the_excepted_session_is_stamped_anew",
        "save::s17_conflict_hands_back_the_current_record",
        "save::conflict_shows_a_renewed_deadline",
    ];
    delete_then_create: DeleteThenCreate fails among [
        "cancel::t16_rotate",
        "race::t16_a_reader_never_finds_none_or_two",
        "rotate::t11_moves_the_session",
        "rotate::s11_repeated_is_saved_again",
    ];
    create_then_delete: CreateThenDelete fails among [
        "cancel::t16_rotate",
        "race::t15_one_rotation_wins",
        "race::t16_a_reader_never_finds_none_or_two",
        "rotate::t11_moves_the_session",
    ];
    no_version_check_in_rotate: NoVersionCheckInRotate fails only [
        "limit::what_is_not_stored_evicts_nobody",
        "rotate::s17_conflict_changes_nothing",
    ];
    rotate_onto: RotateOnto fails only [
        "rotate::repeated_too_late_is_gone",
        "rotate::never_lands_on_what_stands",
    ];
    rotate_once: RotateOnce fails only [
        "cancel::t16_rotate",
        "limit::s11_repeated_is_not_counted_twice",
        "rotate::s11_repeated_is_saved_again",
    ];
    owner_first: OwnerFirst fails only [
        "limit::s11_repeated_is_not_counted_twice",
        "limit::s11_repeated_in_a_full_set_is_gone",
        "revoke::s11_repeated_after_a_revocation_is_gone",
    ];
    revive_in_touch: ReviveInTouch fails only [
        "extreme::t20_a_deadline_that_has_passed_is_absent",
        "touch::p24_never_revives_what_has_expired",
        "touch::t22_t23_gone_for_the_dead",
    ];
    no_version_check_in_touch: NoVersionCheckInTouch fails only [
        "touch::s14_stale_for_another_version",
    ];
    create_replaces: CreateReplaces fails only [
        "create::exists_where_another_record_lives",
        "race::one_creation_wins",
    ];
    create_once: CreateOnce fails only [
        "cancel::t16_create",
        "create::s11_repeated_is_created_again",
        "limit::s11_repeated_is_not_counted_twice",
    ];
    no_tombstone: NoTombstone fails among [
        "create::gone_under_a_tombstone",
        "destroy::p20_ends_the_session",
        "destroy::d25_can_be_repeated",
        "destroy::leaves_a_tombstone_where_nothing_was",
    ];
    tombstone_names_nobody: TombstoneNamesNobody fails among [
        "rotate::t11_moves_the_session",
        "rotate::s2_a_chain_can_be_followed",
    ];
    no_successor: NoSuccessor fails only [
        "destroy::s2_hands_back_the_successor",
        "destroy::s2_the_end_of_a_chain_is_reached",
    ];
    double_lifetime: DoubleLifetime fails among [
        "read::d03_dead_from_the_idle_deadline_on",
        "read::t18_dead_from_the_absolute_deadline_on",
        "read::d04_does_not_revive_what_has_expired",
    ];
    read_creates: ReadCreates fails among [
        "create::p21_t09_no_other_verb_makes_a_record",
        "read::p21_absent_for_an_unknown_key",
        "read::d03_dead_from_the_idle_deadline_on",
        "rotate::t09_gone_for_an_unknown_key",
    ];
    read_deletes: ReadDeletes fails only ["read::s15_deletes_nothing"];
    renewal_is_a_commit: RenewalIsACommit fails among ["read::p40_renewal_changes_nothing_else"];
    expired_exists: ExpiredExists fails among ["destroy::d30_only_the_living_exist"];
    no_skew_in_gc: NoSkewInGc fails only [
        "gc::p23_removes_what_is_past_by_the_skew",
        "gc::goes_by_the_earlier_deadline",
        "gc::tombstones_go_after_their_grace",
    ];
    unbounded_gc: UnboundedGc fails only ["gc::the_budget_bounds_one_call"];
    idle_gc: IdleGc fails only [
        "gc::p23_removes_what_is_past_by_the_skew",
        "gc::goes_by_the_earlier_deadline",
        "gc::goes_by_the_deadline_that_was_stored_last",
        "gc::tombstones_go_after_their_grace",
        "gc::the_budget_bounds_one_call",
        "gc::sets_forget_what_was_swept",
    ];
    set_out_of_step: SetOutOfStep fails among [
        "owner::t11_none_to_ann",
        "owner::t13_ann_to_ann",
        "owner::t13_ann_to_bob",
        "owner::a_set_does_not_grow_by_rotation",
        "race::t29_no_sign_in_escapes_a_revocation",
    ];
    dead_in_set: DeadInSet fails among [
        "listing::t29_lists_no_dead",
        "listing::shows_saves_and_renewals",
        "owner::t13_ann_to_none",
    ];
    handle_of_any_owner: HandleOfAnyOwner fails only [
        "listing::t29_a_handle_is_nothing_to_others",
    ];
    no_not_before: NoNotBefore fails among [
        "race::t29_no_sign_in_escapes_a_revocation",
        "revoke::s3_refuses_who_authenticated_before",
        "revoke::not_before_never_moves_back",
        "revoke::s3_outlives_sweeps",
    ];
    list_then_end: ListThenEnd fails only [
        "cancel::t16_destroy_all_of",
        "race::s3_nobody_is_excepted_from_a_revocation_of_others",
    ];
    excepted_as_it_was: ExceptedAsItWas fails only [
        "revoke::t29_the_excepted_session_is_stamped_anew",
        "revoke::excepts_only_a_session_of_the_owner",
    ];
    count_then_bind: CountThenBind fails only ["race::a_rule_holds_for_sign_ins_at_once"];
    evict_first: EvictFirst fails only [
        "limit::s11_repeated_in_a_full_set_is_gone",
        "limit::what_is_not_stored_evicts_nobody",
    ];
    values_rewritten: ValuesRewritten fails only [
        "data::every_kind_of_entry",
        "data::bytes_stay_as_they_are",
    ];
    whole_seconds: WholeSeconds fails among [
        "create::p32_reads_back_as_it_was",
        "data::every_field_of_the_header",
        "listing::t29_lists_the_oldest_first",
    ];
    drifts: Drifts fails only ["drift::t21_a_thousand_rounds_move_no_deadline"];
    absolute_of_creation: AbsoluteOfCreation fails only [
        "drift::t19_in_any_order_only_a_commit_moves_the_absolute_deadline",
        "drift::t21_a_thousand_rounds_move_no_deadline",
    ];
    past_is_forever: PastIsForever fails only [
        "extreme::t20_a_deadline_that_has_passed_is_absent",
        "extreme::t20_any_lifetime_and_any_time_is_kept",
    ];
    short_durations: ShortDurations fails only [
        "extreme::t20_any_lifetime_and_any_time_is_kept",
        "extreme::t20_any_renewal_keeps_to_the_deadlines",
    ];
    zero_is_never: ZeroIsNever fails only [
        "drift::t21_a_thousand_rounds_move_no_deadline",
        "extreme::t20_any_renewal_keeps_to_the_deadlines",
    ];
    no_grace_is_endless: NoGraceIsEndless fails only ["extreme::t20_any_grace_and_any_skew"];
    cuts_long_values: CutsLongValues fails only [
        "size::t59_create_takes_it_whole_or_not_at_all",
        "size::t59_save_takes_it_whole_or_not_at_all",
        "size::t59_rotate_takes_it_whole_or_not_at_all",
    ];
    refuses_halfway: RefusesHalfway fails only [
        "size::t59_create_takes_it_whole_or_not_at_all",
        "size::t59_save_takes_it_whole_or_not_at_all",
        "size::t59_rotate_takes_it_whole_or_not_at_all",
    ];
    refuses_as_full: RefusesAsFull fails only [
        "size::t59_create_takes_it_whole_or_not_at_all",
        "size::t59_save_takes_it_whole_or_not_at_all",
        "size::t59_rotate_takes_it_whole_or_not_at_all",
    ];
}

#[test]
fn a_promise_to_be_always_ready_that_is_broken() {
    assert!(fails(|| {
        conformance::run(
            async { BrokenPromise::default() },
            conformance::promise::always_ready_means_always,
        );
    }));
}
