//! The published JavaScript in a page.

#![cfg(target_arch = "wasm32")]

#[macro_use]
mod browser;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

everywhere!();

cases! { imported_in_pages:
    mod collection {
        an_idle_client_that_nobody_refers_to_is_collected_with_its_engine
        a_failed_client_that_nobody_refers_to_is_collected_with_its_engine
        a_closed_client_that_nobody_refers_to_is_collected
        two_hundred_forgotten_clients_do_not_grow_the_memory
        an_open_client_that_nobody_refers_to_goes_on
        a_closed_client_lets_go_of_messages_and_listeners
    }

    mod lifecycle {
        a_page_that_is_put_away_closes_its_link_in_the_same_task
        a_page_that_comes_back_connects_again
        a_page_that_was_just_loaded_is_not_back
        an_attempt_of_a_page_that_is_put_away_is_abandoned
        becoming_visible_probes_the_link
        a_probe_that_nothing_answers_ends_the_link
        being_hidden_changes_nothing
        a_wait_ends_when_the_page_becomes_visible
        a_page_in_use_again_that_nobody_told_connects
        what_a_user_looks_at_asks_the_browser_again_whether_there_is_a_network
        a_hidden_page_watches_no_clock
    }

    mod loading {
        a_client_before_its_module_is_not_ready
        the_module_is_taken_in_every_form
        a_module_that_cannot_be_loaded_is_unsupported_and_may_be_tried_again
        the_entry_that_carries_its_module_is_ready_at_once
        a_shell_in_the_place_of_the_file_leads_to_the_embedded_module
        connect_waits_for_a_module_that_the_network_fails
        the_networks_return_ends_the_wait_for_the_module
        an_embedded_module_that_never_comes_has_a_deadline
        waiting_for_the_module_leaves_nothing_behind
        a_policy_that_forbids_webassembly_is_named
    }

    mod session_tab {
        a_tab_keeps_its_session_for_itself
        two_clients_of_a_tab_have_sessions_of_their_own
        a_reloaded_tab_waits_for_its_own_session
        a_copied_tab_takes_another_session_in_the_end
        a_tab_that_may_not_store_has_its_session_in_memory
    }

    mod persist_users {
        what_another_user_left_stays_and_is_not_sent
        a_user_who_returns_finds_what_was_left
        whose_a_session_is_is_stored_in_the_task_of_its_welcome
        what_a_user_sent_before_the_session_was_stored_stays_theirs
        a_client_whose_user_changes_leaves_all_that_it_has
        what_is_sent_before_it_is_known_whose_page_it_is_goes_with_the_page
        what_a_page_sent_before_any_welcome_goes_with_the_page_that_comes_back
    }

    mod local_storage {
        what_is_on_its_way_into_the_database_is_found_in_local_storage
        what_was_sent_before_the_database_was_open_is_found
        a_living_tab_delivers_what_was_sent_before_the_database_was_open
        a_note_that_outlives_what_it_tells_sends_nothing_twice
        a_living_tab_delivers_nothing_that_was_moved_from_where_a_note_tells_of_it
        what_is_done_with_is_forgotten_after_a_day_unless_a_note_tells_of_it
        what_is_noted_and_what_is_stored_come_in_the_order_in_which_they_were_sent
        a_noted_record_that_cannot_be_read_costs_nothing_else
        a_note_that_cannot_be_read_is_reported_and_nothing_else_is_lost
        a_copy_that_the_database_has_not_is_found_in_local_storage
        a_copy_in_local_storage_that_cannot_be_read_is_told_and_the_other_is_taken
    }

    mod proxies {
        a_client_in_reactive_state_is_left_alone
        a_client_works_behind_any_proxy
        a_component_shows_the_state_and_lets_go
    }

    mod persist_orphans {
        a_living_tab_delivers_what_a_dead_one_left
        delivering_them_saves_no_state
        a_memory_without_messages_is_left_as_it_is
        messages_without_a_session_get_one_that_ends_with_them
        a_tab_makes_way_for_the_page_that_comes_back
        a_tab_hears_of_memories_that_come_later
        what_is_dropped_of_an_orphan_is_told
        an_orphan_of_another_user_stays
        a_client_that_closes_leaves_orphans_where_they_are
        two_clients_of_a_page_have_memories_of_their_own
        nothing_is_said_before_all_is_read
    }
}
