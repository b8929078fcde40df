//! What every store has to do, as tests.
//!
//! A crate with a store implements [`Subject`] for it and calls [`store_conformance!`] in a test: each
//! case becomes a test of its own.
//!
//! [`store_conformance!`]: crate::store_conformance

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic is how a case fails; Clippy takes no library for tests"
)]
#![allow(missing_docs, reason = "a case's name says what it shows")]

pub mod bench;
pub mod documents;
pub mod downward;
pub mod forgetting;
pub mod memories;
pub mod model;
pub mod ownership;
pub mod poison;
pub mod restoring;
pub mod rooms;
pub mod saving;
pub mod spoiled_snapshots;
pub mod upward;

use super::{Reply, Request, StoreError};

/// A store under test.
pub trait Subject {
    /// Carries out a request, and waits for the answer.
    ///
    /// # Errors
    /// What the store answered.
    fn execute(&mut self, request: Request) -> Result<Reply, StoreError>;

    /// Every row that it keeps, in the order of keys.
    fn rows(&mut self) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Writes a row past all rules; none: takes it out.
    fn write(&mut self, key: &[u8], value: Option<&[u8]>);

    /// The process ends and starts again.
    fn restart(&mut self);
}

/// The whole suite for the store that `$make` makes: a path to a function without arguments.
#[macro_export]
macro_rules! store_conformance {
    ($make:path) => {
        $crate::store_conformance! { @cases $make;
            ownership: first_hello_gets_a_new_session, resume_tells_the_counts,
                lost_welcome_strands_nobody, refused_hello_gets_a_new_session,
                overtaken_hello_changes_nothing, repeated_claim_is_answered_again,
                taken_id_is_not_taken_again, old_term_is_fenced, bad_names_are_refused, restart_keeps_everything;
            memories: claim_begins_a_term_each_time, memory_is_its_users, memory_is_kept_with_its_session,
                memory_outlives_its_session,
                another_claim_fences_the_memory, adopted_memory_goes_on, numbers_may_leave_some_out,
                lanes_count_for_themselves, append_from_many_memories_is_one_step,
                what_is_done_is_forgotten, done_of_an_old_term_forgets_nothing,
                unused_memories_go, too_many_memories_go;
            upward: appended_messages_are_counted, append_is_idempotent, append_is_conditional,
                inbox_gives_what_was_appended, commit_moves_the_cursor, commit_is_conditional,
                work_lists_who_waits, dead_letters_are_kept, dead_letters_are_bounded;
            downward: sends_are_numbered, sends_to_nobody_are_refused, commit_sends_once,
                acknowledged_rows_are_forgotten, untrue_acknowledgement_is_skipped,
                position_says_where_to_go_on, position_forgets_nothing,
                position_ahead_raises_the_epoch, full_outbox_refuses, echo_waits_for_room,
                echo_makes_room_where_it_is_to, full_outbox_drops_the_oldest,
                reads_are_bounded;
            rooms: subscription_starts_at_the_end, room_is_stored_once, full_room_drops_the_oldest,
                handler_subscribes_and_leaves, rooms_of_a_session_are_bounded,
                position_in_a_room_says_where_to_go_on, lost_room_is_an_epoch;
            forgetting: absent_payloads_expire, seen_session_keeps_its_payloads,
                unhandled_messages_stay, tombstone_keeps_the_counts, old_sessions_go,
                too_many_sessions_go, end_leaves_a_tombstone, rooms_expire, work_is_bounded;
            saving: saved_state_is_given_back, saving_is_compare_and_set,
                repeated_save_is_answered_again, delta_changes_the_base,
                refused_save_keeps_the_last_good, unchanged_state_moves_the_positions,
                checkpoint_acknowledges, room_that_was_left_has_no_position,
                checkpoint_of_an_old_owner_is_refused;
            documents: documents_are_their_users, documents_are_bounded, quota_is_kept,
                no_version_comes_again;
            restoring: hello_is_told_what_is_stored, what_is_acknowledged_without_the_state_is_a_hole,
                page_that_begins_gets_state_and_positions,
                page_that_has_the_version_keeps_its_positions,
                checkpoint_stands_in_for_streams_that_are_not_named, document_moves_nothing,
                new_session_has_no_checkpoint, state_that_grew_old_is_a_hole,
                state_that_never_was_is_a_hole, state_of_a_session_that_is_there_stays,
                snapshots_go_with_their_time;
            poison: spoiled_head_is_a_new_session, spoiled_head_holds_nobody_up,
                spoiled_outbox_row_is_a_hole, spoiled_inbox_row_goes_to_the_dead_letters,
                spoiled_room_is_made_anew, spoiled_count_is_counted_again, spoiled_memory_is_born_again,
                spoiled_count_of_memories_is_counted_again, spoiled_term_gives_nobody_an_old_one, moved_row_is_not_read,
                any_spoiled_row_is_survived;
            spoiled_snapshots: spoiled_snapshot_is_told_as_none, spoiled_text_is_told_as_none,
                spoiled_sum_is_summed_again, spoiled_snapshot_keeps_no_turn;
        }
    };
    (@cases $make:path; $($topic:ident: $($case:ident),+;)+) => {
        $(mod $topic {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::store::conformance::$topic::$case($make());
            })+
        })+
    };
}
