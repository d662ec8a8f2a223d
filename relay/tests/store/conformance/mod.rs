//! The suite: each test takes a backend in its first state.

pub(crate) mod marks;
pub(crate) mod reads;
pub(crate) mod recalls;
pub(crate) mod sends;

/// Runs the whole suite on the backend that two async functions make: `fresh()`, with the
/// rules of [`crate::support::rules`], and `fresh_with(rules)`, with others.
macro_rules! suite {
    ($fresh:ident, $fresh_with:ident) => {
        $crate::conformance::suite!($fresh, $fresh_with,
            sends: reaches_both_timelines, notes_to_oneself_are_one_entry,
                a_batch_keeps_the_order_of_a_sender, a_retransmission_gets_the_first_result,
                the_same_id_with_another_content_is_a_conflict, ids_are_of_one_sender,
                what_is_refused_fails_alone, an_expired_message_is_refused_but_its_repeat_is_not,
                apps_are_apart, keeps_every_field;
            reads: pages_are_bounded_and_contiguous, a_timeline_that_never_was_is_empty,
                an_expired_message_keeps_its_place_and_loses_its_body,
                history_goes_both_ways, history_is_for_members, history_leaves_out_what_expired,
                conversations_are_sorted_by_activity, appends_are_what_pages_say;
            marks: delivery_is_told_to_the_sender_once, delivery_goes_on_in_bounded_steps,
                delivery_is_clipped_to_the_head, reading_is_told_to_both_and_only_grows,
                unread_counts_only_others, marks_without_a_conversation_change_nothing;
            recalls: blanks_the_message_everywhere, is_for_the_sender_and_for_a_while,
                a_recalled_message_is_not_sent_again;
        );
    };
    ($fresh:ident, $fresh_with:ident, $($module:ident: $($test:ident),+ ;)+) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $test() {
                $crate::conformance::$module::$test(super::$fresh().await).await;
            })+
        })+

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_polling_reader_never_sees_a_seq_below_its_cursor_appear() {
            $crate::polling::never_late($fresh().await).await;
        }
    };
}
pub(crate) use suite;
