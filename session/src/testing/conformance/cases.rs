//! The list of cases, and the macros that make tests of them.

/// Every case, as `topic { case .. }`, handed to another macro behind what was passed.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ([$($callback:tt)*] $($pass:tt)*) => {
        $($callback)* ! { [$($pass)*]
            cancel {
                t16_create
                t16_save
                t16_rotate
                t16_touch
                t16_destroy
                t16_destroy_all_of
            }
            clock {
                t61_every_verb_works_at_any_time
                t61_nothing_lives_at_the_end_of_time
                t61_a_clock_behind_prolongs_nothing
                t61_a_sweep_fifty_years_ahead
            }
            create {
                p32_reads_back_as_it_was
                s11_repeated_is_created_again
                exists_where_another_record_lives
                gone_under_a_tombstone
                possible_again_after_the_grace
                an_old_successor_is_forgotten
                d04_takes_the_place_of_an_expired_record
                p21_t09_no_other_verb_makes_a_record
            }
            data {
                every_kind_of_entry
                bytes_stay_as_they_are
                any_text
                big_values_and_many_keys
                every_field_of_the_header
                t53_sessions_are_kept_apart
                d13_what_was_read_does_not_change
            }
            destroy {
                p20_ends_the_session
                d25_can_be_repeated
                leaves_a_tombstone_where_nothing_was
                s15_ends_an_expired_session_for_every_clock
                s2_hands_back_the_successor
                s2_the_end_of_a_chain_is_reached
                leaves_other_sessions_alone
                d30_only_the_living_exist
            }
            drift {
                t19_in_any_order_only_a_commit_moves_the_absolute_deadline
                t21_a_thousand_rounds_move_no_deadline
            }
            extreme {
                t20_any_lifetime_and_any_time_is_kept
                t20_a_deadline_that_has_passed_is_absent
                t20_any_renewal_keeps_to_the_deadlines
                t20_any_grace_and_any_skew
            }
            gc {
                p23_removes_what_is_past_by_the_skew
                p38_keeps_what_lives
                goes_by_the_earlier_deadline
                goes_by_the_deadline_that_was_stored_last
                tombstones_go_after_their_grace
                the_budget_bounds_one_call
                p02_an_empty_store_can_be_swept
                t47_takes_nothing_from_requests_under_way
                sets_forget_what_was_swept
            }
            limit {
                refuse_changes_nothing
                evict_ends_the_oldest
                evict_spares_the_one_that_is_bound
                the_old_one_is_not_counted
                the_dead_are_not_counted
                s11_repeated_is_not_counted_twice
                s11_repeated_in_a_full_set_is_gone
                what_is_not_stored_evicts_nobody
            }
            listing {
                t29_lists_the_oldest_first
                t29_lists_no_dead
                shows_saves_and_renewals
                t29_a_handle_destroys_its_session
                t29_a_handle_is_nothing_to_others
                a_handle_follows_its_session
                s21_what_is_newer_hides_nobody_and_ends
                t30_t31_what_is_stored_is_no_credential
            }
            owner {
                t11_none_to_ann
                t13_ann_to_ann
                t13_ann_to_bob
                t13_ann_to_none
                none_to_none
                s3_a_refused_change_changes_nothing
                a_set_does_not_grow_by_rotation
            }
            promise {
                always_ready_means_always
            }
            race {
                t28_no_increment_is_lost
                one_creation_wins
                t16_save_rotate_and_destroy_at_once
                t15_one_rotation_wins
                t16_a_reader_never_finds_none_or_two
                t29_no_sign_in_escapes_a_revocation
                s3_nobody_is_excepted_from_a_revocation_of_others
                a_rule_holds_for_sign_ins_at_once
            }
            read {
                p21_absent_for_an_unknown_key
                d03_dead_from_the_idle_deadline_on
                t18_dead_from_the_absolute_deadline_on
                s15_deletes_nothing
                d04_does_not_revive_what_has_expired
                renews_where_it_is_due
                d31_does_not_renew_within_the_interval
                does_not_renew_unasked
                p40_renewal_changes_nothing_else
                t18_renewal_ends_at_the_absolute_deadline
                renewal_never_shortens
            }
            revoke {
                t29_ends_every_session_of_the_owner
                t29_the_excepted_session_is_stamped_anew
                the_excepted_session_goes_on
                s3_refuses_who_authenticated_before
                not_before_never_moves_back
                excepts_only_a_session_of_the_owner
                s3_a_clock_behind_finds_none_alive
                s3_outlives_sweeps
                t24_a_rotation_under_way_does_not_escape
                s11_repeated_after_a_revocation_is_gone
            }
            rotate {
                t11_moves_the_session
                t12_the_old_key_is_dead_for_every_verb
                s11_repeated_is_saved_again
                repeated_too_late_is_gone
                s17_conflict_changes_nothing
                t09_gone_for_an_unknown_key
                t24_gone_for_an_expired_session
                t22_gone_for_a_session_that_was_destroyed
                s2_a_chain_can_be_followed
                never_lands_on_what_stands
                takes_the_place_of_what_has_expired
            }
            save {
                saved_replaces_the_record
                s17_conflict_hands_back_the_current_record
                conflict_shows_a_renewed_deadline
                repeated_is_a_conflict_that_shows_its_commit
                d05_gone_for_an_unknown_key
                t24_gone_for_an_expired_session
                t24_gone_for_a_swept_session
                t22_gone_for_a_session_that_was_destroyed
                t23_gone_for_a_session_that_was_rotated
                t24_gone_for_a_session_whose_owner_revoked_it
                s4_never_changes_the_owner
            }
            size {
                t59_create_takes_it_whole_or_not_at_all
                t59_save_takes_it_whole_or_not_at_all
                t59_rotate_takes_it_whole_or_not_at_all
            }
            touch {
                p40_renews_and_changes_nothing_else
                p24_keeps_a_session_through_gc
                p24_never_revives_what_has_expired
                s14_stale_for_another_version
                t22_t23_gone_for_the_dead
                never_moves_a_deadline_earlier
                t19_never_past_the_absolute_deadline
            }
        }
    };
}

/// Runs the store contract against the stores that an expression gives, one test a rule: see
/// [the module](mod@crate::testing::conformance).
///
/// It expands to one module a verb, so it wants a module of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance {
    ($make:expr $(,)?) => {
        $crate::__conformance_cases! { [$crate::__conformance_tests] $make }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$make:expr] $($topic:ident { $($case:ident)* })*) => {
        $(
            mod $topic {
                #[allow(unused_imports)]
                use super::*;
                $(
                    #[test]
                    fn $case() {
                        $crate::testing::conformance::run(
                            $make,
                            $crate::testing::conformance::$topic::$case,
                        );
                    }
                )*
            }
        )*
    };
}
