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
        a_client_whose_user_changes_leaves_all_that_it_has
        whose_messages_are_is_stored_when_it_is_known
    }

    mod local_storage {
        what_is_on_its_way_into_the_database_is_found_in_local_storage
        what_was_sent_before_the_database_was_open_is_found
        what_is_noted_and_what_is_stored_come_in_the_order_in_which_they_were_sent
        a_copy_that_the_database_has_not_is_found_in_local_storage
        a_copy_in_local_storage_that_cannot_be_read_is_told_and_the_other_is_taken
        a_note_goes_when_the_database_has_what_it_tells
        what_was_dropped_in_the_last_moment_is_not_sent
        a_memory_that_was_ended_in_the_last_moment_sends_nothing
        a_note_that_cannot_be_read_costs_nothing_else
    }

    mod proxies {
        a_client_in_reactive_state_is_left_alone
        a_client_works_behind_any_proxy
        a_component_shows_the_state_and_lets_go
    }

    mod persist_orphans {
        a_living_tab_delivers_what_a_dead_one_left
        a_tab_makes_way_for_the_page_that_comes_back
        what_is_dropped_of_an_orphan_is_told
        an_orphan_of_another_user_stays
        two_clients_of_a_page_have_memories_of_their_own
        many_dead_tabs_need_one_link_and_are_asked_for_once
        only_one_of_two_tabs_delivers_them
        a_memory_without_messages_is_forgotten
        a_memory_that_was_ended_is_deleted_without_a_word
        a_client_that_closes_leaves_orphans_of_others_where_they_are
        nothing_is_flushed_before_all_is_read
        a_row_without_a_record_is_unknown
        a_row_that_comes_when_all_is_done_is_not_forgotten
    }
}
