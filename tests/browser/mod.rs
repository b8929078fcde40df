//! What the test binaries for pages and workers share.

/// One test for each case: a function of `tests/browser/cases/` that fails by rejecting.
macro_rules! cases {
    ($($(#[$attribute:meta])* mod $group:ident { $($case:ident)* })*) => { $(
        $(#[$attribute])*
        mod $group {
            use wasm_bindgen::prelude::*;
            use wasm_bindgen_test::wasm_bindgen_test;

            mod js {
                use wasm_bindgen::prelude::*;

                #[wasm_bindgen(module = "/tests/browser/generated.js")]
                extern "C" {
                    $(#[wasm_bindgen(catch)] pub(super) async fn $case() -> Result<JsValue, JsValue>;)*
                }
            }

            $(
                #[wasm_bindgen_test]
                async fn $case() -> Result<(), JsValue> {
                    js::$case().await.map(drop)
                }
            )*
        }
    )* };
}

/// The cases that hold in a page and in workers alike.
macro_rules! everywhere {
    () => {
        cases! {
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
            }
        }
    };
}
