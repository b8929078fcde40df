//! What the test binaries for pages and workers share.

/// One test for each case: a function of `tests/browser/cases/` that fails by rejecting. `$imports` names the module
/// of all their imports: one alone, because each block of imports takes up the text of the whole file.
macro_rules! cases {
    ($imports:ident: $(mod $group:ident { $($case:ident)* })*) => {
        mod $imports {
            use wasm_bindgen::prelude::*;

            #[wasm_bindgen(module = "/tests/browser/generated.js")]
            extern "C" {
                $($(#[wasm_bindgen(catch)] pub(super) async fn $case() -> Result<JsValue, JsValue>;)*)*
            }
        }

        $(
            mod $group {
                use wasm_bindgen::JsValue;
                use wasm_bindgen_test::wasm_bindgen_test;

                $(
                    #[wasm_bindgen_test]
                    async fn $case() -> Result<(), JsValue> {
                        super::$imports::$case().await.map(drop)
                    }
                )*
            }
        )*
    };
}

/// The cases that hold in a page and in workers alike.
macro_rules! everywhere {
    () => {
        cases! { imported_everywhere:
            mod decide {
                decide_is_told_how_the_link_was_lost
                decide_overrides_the_table
                a_decided_delay_is_kept
                decide_may_ask_for_fresh_credentials_once
                a_decide_that_fails_or_talks_nonsense_leaves_it_to_the_table
                a_decide_that_never_answers_leaves_it_to_the_table_in_the_end
                decide_may_call_the_client
            }

            mod ending {
                closing_an_open_client_tells_in_order
                closing_says_what_of_every_message_that_waited
                failing_tells_in_order
                losing_and_coming_back_tells_in_order
                a_client_can_be_closed_in_every_state
                closing_twice_is_harmless
                a_link_is_never_waited_for
                disposing_is_closing
                there_is_no_free
                a_signal_closes
                connecting_again_makes_no_second_link
                reconnecting_drops_the_link_and_starts_over
                reconnecting_leads_out_of_failed
            }

            mod release {
                without_a_session_it_is_closing_with_4000
                afterwards_every_call_throws_and_twice_is_harmless
                nothing_of_it_is_left_on_the_platform
                the_next_client_goes_on_with_the_session
                a_session_in_memory_ends_since_nobody_could_go_on_with_it
                a_message_in_hand_comes_again_to_the_next_client
                what_was_sent_without_a_link_is_delivered_by_the_next_client
                a_client_can_be_let_go_of_in_every_state_and_the_next_one_sends_what_it_took
                clients_that_follow_each_other_in_one_task_lose_and_reorder_nothing
                a_client_that_was_there_before_the_first_is_let_go_of_goes_on_with_its_session
                a_client_that_has_a_memory_of_its_own_delivers_what_the_first_left
                sessions_without_a_durable_queue_follow_each_other_in_one_task_as_well
                what_is_dropped_where_storage_has_failed
                closing_still_deletes_what_is_stored
                what_never_answers_holds_up_the_next_client_for_a_while_only
            }

            mod release_state {
                the_state_is_captured_and_saved_in_the_same_task
                the_next_client_restores_it
                a_listener_that_lets_go_has_it_captured_too
                a_capture_may_close_the_client
                a_client_without_a_session_keeps_its_state_as_well
            }

            mod errors {
                an_address_that_is_none_is_refused_by_the_constructor
                addresses_are_made_absolute
                the_request_id_of_each_link_is_in_its_address
                what_no_socket_takes_is_invalid_data
                a_full_queue_refuses
                a_message_that_is_too_long_is_refused_by_its_bytes
                a_server_that_finds_a_message_too_large_is_reported_with_the_largest
                a_closed_client_refuses_everything
                without_a_queue_and_a_link_sending_is_refused
                a_platform_without_websocket_is_unsupported
                an_attempt_that_does_not_open_times_out
                a_link_that_stops_answering_times_out
                used_up_retries_are_the_end
                a_close_that_must_not_be_retried_is_a_refusal
                credentials_refused_twice_are_the_end
                a_trap_of_the_module_ends_the_client_and_says_so
                a_trap_in_an_event_of_the_platform_ends_the_client_as_well
                a_trap_before_the_first_attempt_ends_the_client_as_well
                errors_are_errors
            }

            mod functions {
                a_url_function_is_asked_before_every_attempt
                a_url_function_may_give_a_url_or_a_promise
                a_url_function_that_throws_or_rejects_is_asked_again
                a_url_function_that_never_answers_is_given_up_and_asked_again
                a_url_function_that_gives_no_address_ends_the_client
                a_url_function_may_close_the_client
                a_url_function_may_reconnect
                protocols_may_be_a_name_a_list_a_function_or_a_promise
                a_protocols_function_that_throws_or_rejects_is_asked_again
                a_protocols_function_that_never_answers_is_given_up
                a_protocols_function_that_gives_no_names_ends_the_client
                a_greeting_is_sent_first_on_every_link
                a_link_opens_when_its_greeting_is_there
                a_greeting_may_be_nothing
                a_greeting_that_fails_ends_the_link_and_is_tried_again
                a_greeting_that_never_comes_is_given_up
                a_greeting_of_a_link_that_is_gone_is_not_sent
                a_greeting_may_close_the_client
            }

            mod leaks {
                a_thousand_cycles_leave_nothing_behind
                a_running_client_has_one_timer_beside_that_of_all_and_its_listeners_until_it_is_closed
                a_failed_or_idle_client_has_neither
                promises_leave_no_timer_and_no_listener_of_a_signal
                a_broken_off_socket_has_no_listeners_left
                events_reach_a_client_until_it_is_closed
            }

            mod network {
                offline_makes_attempts_seldom_until_online
                offline_while_waiting_makes_the_next_attempt_seldom
                online_probes_an_open_link
                reconnecting_by_hand_does_not_wait_for_the_network
            }

            mod hints {
                a_client_that_is_made_while_offline_connects_when_the_network_is_back
                a_client_that_gave_up_starts_again_while_offline
                a_browser_that_is_wrong_about_the_network_makes_attempts_seldom_and_no_more
                what_a_user_does_asks_the_browser_again_and_tries_at_once
                a_sleep_that_no_event_tells_of_is_noticed_within_a_second
                a_long_wait_is_cut_short_by_a_sleep
                what_a_sleep_outdated_is_not_sent
                patience_and_downtime_count_what_was_slept
                a_probe_has_the_time_that_the_line_needs
                many_clients_share_one_watch
                an_event_that_is_no_news_changes_nothing
            }

            mod evidence {
                a_sleep_is_noticed_on_a_link_that_answers
                patience_counts_the_night
                downtime_counts_the_night
                a_look_at_the_tab_cuts_no_line_of_four_seconds
                a_busy_link_that_died_is_found
                a_young_link_that_died_is_found_on_waking
                pongs_that_come_after_five_seconds_are_pongs
                a_server_that_drops_links_behind_pings_costs_few
            }

            mod unanswered {
                a_busy_link_is_asked_soon_and_then_found_dead
                a_server_that_never_answers_is_asked_for_ever
                a_server_that_drops_the_link_behind_pings_gets_none_after_two
                a_first_opening_that_fails_is_told_once
                a_server_that_speaks_no_sessions_is_named_after_three_openings
            }

            mod never {
                auth_that_never_answers_is_given_up_and_asked_again
                reconnecting_asks_for_credentials_anew_as_well
                locks_that_never_answer_leave_a_session_in_memory
                a_database_that_never_answers_leaves_a_session_in_memory
                locks_that_never_answer_leave_a_durable_queue_in_memory
                a_database_that_never_answers_leaves_a_durable_queue_in_memory
                a_lock_that_is_never_free_again_keeps_no_later_client_waiting
            }

            mod stuck {
                ended_by_1009_it_is_dropped_and_what_is_behind_it_goes
                ended_otherwise_it_is_named_and_attempts_are_seldom
                the_application_can_take_it_back
            }

            mod options {
                a_number_that_is_none_or_too_small_is_refused_at_every_level
                every_number_takes_what_is_allowed
                an_option_of_another_type_is_refused_at_every_level
                what_was_given_is_named
                a_wrong_name_is_answered_with_the_nearest
                an_unknown_name_without_a_value_counts_as_absent
                what_is_switched_on_has_its_defaults
                options_that_are_not_built_are_unknown
                options_that_are_no_object_are_refused
                the_bounds_of_the_adaptive_interval_fit_each_other
                options_of_methods_are_checked_as_well
                options_of_promises_are_refused_by_rejecting
                an_event_that_does_not_exist_is_refused
                a_handler_as_a_property_is_refused_with_what_to_write
                a_bad_close_code_or_reason_is_refused_and_changes_nothing
                a_refused_client_leaves_no_engine_behind
            }

            mod iterating {
                every_iterator_gets_every_message_from_its_creation_on
                messages_are_whole_events
                messages_of_a_session_have_stream_and_number
                an_iteration_ends_with_the_client
                an_iteration_throws_when_the_client_fails
                leaving_an_iteration_stops_listening
                an_iterator_that_is_not_read_is_bounded
            }

            mod promises {
                deliver_resolves_when_the_message_has_left
                deliver_waits_for_a_link
                deliver_rejects_when_the_message_will_not_leave
                deliver_rejects_when_the_link_is_lost_before_it_left
                deliver_rejects_when_the_client_gives_up
                an_aborted_deliver_takes_its_message_back
                flush_resolves_when_nothing_waits
                flush_gives_up_in_time
                flush_is_done_when_the_queue_is_drained
                ping_measures_one_round_trip
                ping_works_without_a_heartbeat
                ping_rejects_when_nothing_answers
                ping_and_pong_may_be_functions
                a_ping_function_that_fails_is_an_error_and_the_link_goes_on
                a_pong_function_that_throws_is_reported_and_the_message_is_one
                once_resolves_with_the_next_event
                once_with_a_listener_calls_it_once
                once_survives_failing_and_off
                once_rejects_when_it_can_no_longer_come
                a_signal_removes_a_listener
                a_listener_is_there_once
                connect_resolves_with_an_open_client
                connect_waits_for_retries
                connect_rejects_when_it_cannot_be
                what_is_shown_is_frozen_and_the_same_until_it_changes
            }

            mod queue {
                what_is_sent_before_the_link_is_open_leaves_when_it_opens
                what_is_sent_while_there_is_no_link_leaves_on_the_next
                higher_priorities_leave_first_and_each_keeps_its_order
                the_latest_with_a_key_replaces_the_one_before
                volatile_messages_leave_at_once_or_never
                a_message_that_waits_too_long_is_dropped
                a_full_queue_drops_the_oldest_or_the_newest_as_told
                draining_takes_everything_back_in_order
                the_queue_tells_when_it_starts_to_fill_and_when_it_has_drained
                past_the_high_water_mark_messages_wait
                a_closing_socket_is_given_nothing
                a_buffer_that_waits_is_as_it_was_when_it_was_sent
                what_leaves_at_once_is_not_copied
                a_taken_back_buffer_is_the_frozen_one
                json_is_encoded_and_decoded
                values_are_encoded_when_they_are_sent
                what_no_codec_can_encode_is_invalid_data
                a_message_that_cannot_be_decoded_is_an_error_and_the_next_one_comes
                a_codec_of_ones_own_sees_every_message
                binary_type_reaches_every_socket
                messages_wait_until_somebody_listens
                what_was_lost_for_want_of_a_listener_is_a_gap
            }

            mod reentrancy {
                messages_sent_by_listeners_leave_in_their_order
                what_waited_leaves_before_what_a_listener_sends
                a_buffer_that_a_listener_reuses_is_sent_as_it_was
                a_listener_that_is_removed_during_an_event_is_not_called
                a_listener_that_removes_itself_leaves_the_others_their_turn
                a_listener_added_during_an_event_hears_the_next
                closing_in_a_listener_ends_the_events_of_messages
                messages_that_waited_stop_when_a_listener_closes
                a_throwing_listener_is_reported_and_disturbs_nothing
                a_throwing_log_function_is_reported_and_disturbs_nothing
                sending_in_the_close_event_is_refused
                sending_again_what_was_dropped_ends
                reconnecting_in_a_listener_makes_one_new_link
                every_method_may_be_called_in_every_event
                a_listener_may_throw_in_every_event
            }

            mod session_opening {
                a_session_says_hello_and_is_open_after_the_welcome
                only_the_protocol_is_offered_and_the_applications_own_travel_in_the_hello
                a_server_that_does_not_take_the_protocol_is_not_spoken_to
                what_is_sent_before_the_welcome_waits_for_it
                a_welcome_that_does_not_come_in_time_is_given_up
                auth_is_asked_before_every_attempt_and_travels_in_the_hello
                auth_may_be_a_text
                auth_is_asked_once_at_a_time
                auth_that_fails_or_gives_no_string_is_asked_again
                auth_that_answers_late_says_nothing_on_a_link_that_is_gone
                refused_credentials_are_asked_for_once_more_and_are_then_the_end
                authenticate_resolves_when_the_server_has_taken_the_token
                authenticate_rejects_when_it_is_refused_or_cannot_be_answered
                what_only_one_mode_has_is_refused_in_the_other
                pings_have_ids_and_the_servers_are_answered_at_once
            }

            mod session_resuming {
                a_lost_link_is_resumed_with_the_token_and_a_higher_claim
                what_was_not_stored_is_sent_again_and_the_rest_is_not
                a_buffer_is_sent_again_as_it_was
                two_keys_are_never_taken_for_one
                deliver_and_flush_wait_for_the_acknowledgement
                a_message_that_is_given_up_in_flight_may_have_arrived
                a_message_that_cannot_be_decoded_is_named
                a_loss_says_how_many_are_unacknowledged
                positions_say_how_far_each_stream_was_handed_over
                a_session_that_is_gone_is_lost_aloud_and_its_messages_go_on
                what_was_given_before_a_server_forgot_the_memory_is_reported
                what_another_user_sends_belongs_to_another_memory
                nothing_of_one_user_reaches_another
                a_session_that_was_taken_over_is_the_end_and_what_follows_is_another
                reconnecting_in_the_last_event_begins_anew_as_well
                a_volatile_message_is_not_sent_again
                more_than_sixty_four_streams_over_time_are_told_apart
                rooms_that_come_again_are_told_apart_from_all_others
                a_hole_is_told_before_the_message_behind_it
            }

            mod session_units {
                messages_of_one_task_leave_in_one_frame
                a_message_alone_has_no_byte_added
                the_count_of_a_control_frame_is_what_went_before
                texts_of_every_kind_survive_a_unit_each_way
                texts_of_every_kind_survive_alone_each_way
                lone_surrogates_at_a_joint_stay_apart
                buffers_travel_together_as_well
                blobs_are_cut_too_and_sent_alone
                kinds_do_not_mix_and_order_is_kept
                a_large_message_travels_alone
                a_unit_has_at_most_1024_messages
                what_waited_is_sent_in_units_too
                more_than_the_window_waits_for_an_acknowledgement
            }

            mod session_receiving {
                a_message_says_its_session_stream_and_number
                messages_in_a_plain_link_have_no_such_fields
                nothing_is_handed_over_before_somebody_listens
                what_was_handed_over_is_acknowledged
                an_acknowledgement_leaves_before_a_pong
                a_listener_that_throws_has_taken_the_message
                a_message_that_cannot_be_decoded_does_not_stop_the_others
                an_iterator_has_taken_a_message_when_it_asks_for_the_next
                the_slowest_iterator_decides
                reading_ahead_does_not_stop
                leaving_a_loop_has_taken_the_message_in_hand
                what_an_iterator_never_read_is_for_who_listens_next
                messages_wait_while_a_listener_is_away
                a_unit_ends_where_a_listener_closes
                what_a_listener_sends_leaves_in_one_unit
                texts_that_begin_wide_are_not_taken_for_more_than_the_window
                more_than_the_window_never_comes_and_nothing_is_lost_before_a_listener
            }

            mod session_breaches {
                whatever_breaks_the_protocol_closes_the_link_and_the_next_resumes
                a_unit_counts_whole_or_not_at_all
                before_the_welcome_only_a_welcome_or_an_error_may_come
                a_welcome_before_the_hello_is_none
                a_welcome_that_cannot_be_true_is_none
                a_frame_that_the_server_finds_too_large_is_a_breach_and_not_the_end
                what_the_server_takes_bounds_what_is_sent
            }

            mod session_ending {
                closing_sends_what_waits_and_then_the_end
                closing_drops_what_the_window_does_not_allow
                closing_without_a_link_says_nothing_to_the_server
                a_session_goes_on_after_any_close_code_that_is_retried
                reconnecting_by_hand_resumes
                a_queue_that_is_off_needs_a_welcome
                drain_takes_back_what_has_no_number
                a_thousand_messages_leave_no_payload_behind
            }

            mod session_storage {
                a_session_is_stored_under_its_address_without_the_query
                the_claim_is_stored_before_the_hello
                the_next_page_goes_on_with_the_session
                two_clients_at_once_have_sessions_of_their_own
                a_new_client_takes_the_free_session_that_was_used_last
                what_is_long_gone_is_not_asked_for
                a_row_that_is_none_is_not_used
                a_page_that_is_put_away_lets_go_and_asks_again
                what_another_page_did_with_the_session_is_known_when_it_comes_back
                a_session_that_another_page_keeps_is_lost_to_this_one
                a_client_that_gave_up_lets_go
                closing_deletes_what_is_stored
                a_session_that_is_gone_gives_way_to_the_new_one
                the_session_of_another_user_stays
                storage_that_refuses_means_memory_and_is_said
                a_database_that_never_answers_means_memory
                storage_that_stops_working_means_memory_too
                memory_stores_nothing_and_holds_nothing
                a_lost_welcome_strands_nobody
            }

            mod persist_storing {
                a_message_is_stored_in_the_task_that_sends_it
                what_is_acknowledged_is_stored_no_more
                a_message_of_every_kind_is_stored_as_it_was
                a_message_of_a_listener_is_stored_in_its_task
                what_is_sent_before_a_link_is_stored
                closing_deletes_all_and_says_so
                a_message_is_put_once_and_never_changed
                what_is_deleted_is_never_deleted_with_what_is_put
                volatile_messages_are_not_stored
                what_is_dropped_is_marked_in_its_task_and_deleted_later
                a_message_that_is_dropped_in_its_task_leaves_nothing
                a_page_that_closes_and_leaves_in_one_task_sends_nothing_of_it_later
            }

            mod persist_restoring {
                the_next_page_sends_what_is_not_stored_at_the_server
                what_has_reached_the_server_is_not_sent_again
                time_goes_on_while_no_page_is_there
                priorities_and_keys_hold_on_the_next_page
                what_was_dropped_is_given_back_as_the_application_knows_it
                a_page_that_was_never_welcomed_leaves_its_messages
                a_page_that_is_put_away_leaves_all_to_the_next
                a_page_that_comes_back_finds_what_it_left
                a_page_in_use_again_that_nobody_told_loses_doubles_and_reorders_nothing
                what_another_page_took_is_not_sent_by_the_one_that_comes_back
                what_a_browser_gives_up_when_a_page_is_put_away_is_sent_when_it_is_back
                claims_rise_faster_while_no_welcome_follows
                what_a_server_has_forgotten_is_unknown
                a_session_that_is_gone_takes_no_message_along
                what_a_page_sends_follows_what_its_tab_has_left
                memories_come_in_their_order
                a_clock_that_was_put_back_reorders_nothing
                a_page_whose_first_hello_is_taken_over_begins_a_session_of_its_own
                a_session_that_was_taken_over_takes_no_message_along
                many_rows_hold_no_page_up
            }

            mod persist_poisoned {
                a_row_that_cannot_be_read_is_reported_and_nothing_else_is_lost
                rows_that_cannot_be_read_are_reported_together
                nothing_of_a_poisoned_store_stops_a_client
                messages_whose_record_cannot_be_read_are_unknown
            }

            mod persist_failing {
                without_storage_messages_live_in_memory
                a_transaction_that_fails_is_said_and_nothing_stops
                a_database_that_is_deleted_makes_way_and_messages_go_on
                in_memory_a_page_that_comes_back_has_what_it_had
                a_storage_that_hangs_holds_nothing_up_for_long
                without_anything_of_the_platform_messages_live_in_memory
                a_page_without_locks_that_comes_back_has_what_it_had
                a_message_that_does_not_fit_costs_nothing_else
                storage_that_works_again_has_all_that_waits
                a_connection_that_is_lost_is_opened_again
                locks_that_never_answer_hold_nothing_up_for_long
                a_listener_of_storage_may_do_anything
            }

            mod snapshot_opening {
                a_page_whose_state_is_nowhere_begins_without
                stored_state_is_restored_before_open_and_before_any_message
                nothing_comes_between_welcome_and_state
                a_text_that_is_not_the_one_told_is_a_violation
                parts_that_nobody_waits_for_are_a_violation
                a_link_that_is_lost_in_the_middle_begins_again
                what_was_restored_is_not_saved_again_until_it_changes
                restore_that_throws_is_told_and_nothing_takes_its_place_unasked
                without_restore_only_the_version_is_asked_for
                later_links_tell_the_version_and_restore_nothing
                the_key_may_be_a_function_that_is_asked_once
                a_key_that_is_none_fails_the_attempt
                options_of_state_are_checked
            }

            mod snapshot_saving {
                unchanged_state_is_not_sent
                state_is_saved_by_itself_when_it_has_changed
                one_changed_field_of_a_large_state_is_a_small_delta
                large_state_travels_in_parts_and_messages_go_between
                capture_that_fails_is_told
                no_state_is_saved_as_none
                a_checkpoint_that_is_stale_is_saved_whole_on_what_is_there
                the_loser_of_a_race_for_a_document_is_told_and_saves_no_more
                a_document_that_is_gone_is_stored_anew
                a_delta_that_does_not_fit_is_followed_by_the_whole
                a_state_that_is_refused_is_told_once_and_the_same_is_not_sent_again
                a_save_whose_answer_is_lost_is_known_by_the_next_welcome
                a_save_that_was_not_stored_is_sent_again
                a_documents_save_of_which_nobody_knows_is_sent_again_as_it_was
                another_version_is_the_base_of_a_checkpoint
                a_new_session_has_no_checkpoint
                an_answer_to_nothing_is_a_violation
                snapshot_says_why_it_cannot
                without_a_link_a_snapshot_waits_for_one
            }

            mod snapshot_checkpoint {
                what_is_handed_over_is_acknowledged_by_the_save_alone
                positions_are_those_of_the_moment_of_the_capture
                nothing_is_captured_while_a_message_is_in_hand
                unchanged_state_moves_the_positions_alone
                half_a_window_saves_at_once
                as_long_as_nothing_can_be_saved_messages_are_acknowledged
                a_document_leaves_acknowledging_alone
            }

            mod snapshot_hiding {
                a_page_that_is_put_away_keeps_its_state_and_saves_it_in_the_same_task
                state_that_is_stored_is_not_kept_here
                the_next_page_goes_on_with_what_is_kept_here
                what_the_server_got_later_goes_before_what_is_kept_here
                a_save_that_was_on_its_way_does_not_outdate_what_is_kept_here
                what_is_kept_here_goes_on_from_a_save_that_was_on_its_way
                another_users_state_stays_where_it_is
                a_copy_that_cannot_be_read_is_told_and_not_believed
                closing_ends_a_checkpoint_and_keeps_a_document
                without_a_database_state_is_saved_all_the_same
            }

            mod snapshot_endpoint {
                the_dial_waits_for_the_state
                state_is_saved_by_post_and_changes_as_deltas
                a_restore_that_fails_fails_the_attempt
                a_restore_that_is_not_answered_is_given_up
                every_answer_to_a_save_is_understood
                a_save_that_comes_too_early_is_tried_again_when_the_server_says
                a_save_that_was_not_answered_is_sent_again_as_it_was
                a_state_without_a_key_is_saved_on_top_of_what_is_there
                a_server_that_takes_no_deltas_gets_the_whole
                a_page_that_is_put_away_saves_with_keepalive_if_it_is_short
                a_local_copy_goes_on_from_what_the_endpoint_has
                without_a_key_a_client_has_a_state_of_its_own_that_the_next_page_finds
                a_checkpoint_at_an_endpoint_carries_its_positions
                a_session_at_an_endpoint_begins_at_the_positions_of_its_state
                a_copy_at_an_endpoint_is_gone_when_it_is_saved
            }
        }
    };
}
