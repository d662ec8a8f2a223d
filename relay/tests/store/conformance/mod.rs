//! The suite: each test takes a backend in its first state.

pub(crate) mod ageing;
pub(crate) mod broadcasts;
pub(crate) mod channels;
pub(crate) mod crowds;
pub(crate) mod deletes;
pub(crate) mod devices;
pub(crate) mod edits;
pub(crate) mod groups;
pub(crate) mod hooks;
pub(crate) mod marks;
pub(crate) mod mentions;
pub(crate) mod reads;
pub(crate) mod recalls;
pub(crate) mod receipts;
pub(crate) mod replaces;
pub(crate) mod roles;
pub(crate) mod search;
pub(crate) mod seen;
pub(crate) mod sends;

/// Runs the whole suite on the backend that two async functions make: `fresh()`, with the
/// rules of [`crate::support::rules`], and `fresh_with(rules)`, with others; or with `@tests` some of
/// it.
macro_rules! suite {
    ($fresh:ident, $fresh_with:ident) => {
        $crate::conformance::suite!(@tests $fresh, $fresh_with,
            sends: reaches_both_timelines, notes_to_oneself_are_one_entry,
                a_batch_keeps_the_order_of_a_sender, a_retransmission_gets_the_first_result,
                a_retransmission_leaves_the_rest_of_its_batch_alone,
                who_may_not_send_any_more_learns_of_the_first_time,
                the_same_id_with_another_content_is_a_conflict, ids_are_of_one_sender,
                what_is_refused_fails_alone, an_expired_message_is_refused_but_its_repeat_is_not,
                apps_are_apart, keeps_every_field, the_server_sends_as_anyone,
                what_was_sent_is_found_by_its_id;
            replaces: blank_the_earlier_one, are_of_one_sender_and_conversation,
                leave_alone_what_was_taken_back;
            reads: pages_are_bounded_and_contiguous, pages_go_both_ways_and_by_time,
                a_timeline_that_never_was_is_empty, a_timeline_is_ones_own,
                an_expired_message_keeps_its_place_and_loses_its_body,
                history_goes_both_ways, history_goes_by_time, history_is_for_members,
                history_leaves_out_what_expired, the_server_sees_what_was_not_taken_back,
                conversations_are_sorted_by_activity, appends_are_what_pages_say;
            marks: delivery_is_told_to_the_sender_once, delivery_goes_on_in_bounded_steps,
                delivery_is_clipped_to_the_head, reading_is_told_to_both_and_only_grows,
                unread_counts_only_others, marks_without_a_conversation_change_nothing,
                a_mark_leaves_out_what_its_batch_said_later;
            recalls: blanks_the_message_everywhere, is_for_the_sender_and_for_a_while,
                a_recalled_message_is_not_sent_again, is_for_the_server_at_any_time;
            edits: change_the_message_everywhere, are_for_the_sender_and_for_a_while,
                are_for_the_server_at_any_time, of_what_is_gone_are_refused,
                take_the_right_to_send;
            deletes: hide_a_message_from_one_user, are_of_what_one_may_see,
                of_a_conversation_take_it_off_the_list, of_a_conversation_are_for_members;
            groups: members_are_told_of_messages, is_described_to_its_members,
                names_are_taken_once, the_server_names_the_owner, new_members_see_what_comes,
                new_members_may_be_shown_the_past with shows_the_past,
                who_goes_learns_it_and_no_more, going_and_coming_in_one_batch,
                has_a_largest_size with three_at_most, that_ended_stays_readable,
                edits_tell_what_changed, what_is_refused_leaves_no_trace;
            roles: later_ones_may_do_more, higher_ones_are_out_of_reach, are_told_and_asked,
                the_muted_cannot_send, who_may_invite_and_join,
                admins_and_the_server_recall_at_any_time;
            channels: anyone_follows_and_admins_publish, have_no_largest_size with two_at_most;
            crowds: the_switch_loses_and_repeats_nothing, everything_is_one_entry,
                who_comes_reads_on_from_there, who_goes_reads_no_longer,
                the_end_is_its_last_entry, a_large_one_begins_as_a_crowd, a_user_has_so_many,
                pages_go_both_ways;
            mentions: are_kept_until_they_are_read, of_all_are_for_admins,
                reach_members_of_a_crowd, between_two_are_only_kept;
            receipts: in_groups_are_told_to_senders, are_not_for_those_who_left, of_a_batch_are_told_once,
                in_large_groups_are_asked_for with told_up_to_two, count_members_of_that_time with crowds_of_ten,
                between_two_count_too, of_crowds_count_readers, unread_counts_in_groups;
            devices: are_listed_last_seen_first, are_forgotten_when_they_are_ended,
                are_so_many_at_most, users_become_known, presence_is_shared_or_not;
            ageing: raises_the_floor, goes_on_where_all_is_old, is_of_crowds_too,
                ends_after_bounded_steps;
            broadcasts: live_from_draft_to_tombstone, deleting_takes_back,
                two_operators_at_once_are_a_conflict, what_is_refused_leaves_no_trace,
                are_listed_newest_first, are_so_many_at_most, leave_a_trail, allow_lists_change,
                polls_are_told_what_changed, old_ones_are_forgotten,
                forgotten_ones_are_seen_no_more, reach_is_kept_by_node;
            seen: is_new_on_one_device, two_devices_at_once_are_not_both_first,
                opening_is_told_once, without_a_device_it_is_new_once,
                what_nobody_was_shown_is_passed_over, is_of_so_many_at_once;
            search: finds_words_of_any_script, takes_operators_as_text, is_narrowed_by_filters,
                goes_on_from_page_to_page, finds_what_one_may_see;
            hooks: wait_in_the_order_of_a_conversation with with_hooks,
                wait_longer_after_a_failure with with_hooks,
                tell_the_message_as_it_reads_now with with_hooks,
                name_who_has_it with with_hooks, are_of_apps_with_a_server with with_hooks;
        );

        #[tokio::test]
        async fn agrees_with_the_oracle() {
            $crate::oracle::agrees($fresh).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_polling_reader_never_sees_a_seq_below_its_cursor_appear() {
            $crate::polling::never_late($fresh().await).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_polling_node_misses_no_change_of_the_public_mailbox() {
            $crate::public_polling::misses_nothing($fresh().await).await;
        }
    };
    (@tests $fresh:ident, $fresh_with:ident,
     $($module:ident: $($test:ident $(with $rules:ident)?),+ ;)+) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $test() {
                let store = $crate::conformance::suite!(
                    @store $fresh, $fresh_with, $module $(, $rules)?
                );
                $crate::conformance::$module::$test(store).await;
            })+
        })+
    };
    (@store $fresh:ident, $fresh_with:ident, $module:ident) => {
        super::$fresh().await
    };
    (@store $fresh:ident, $fresh_with:ident, $module:ident, $rules:ident) => {
        super::$fresh_with($crate::conformance::$module::$rules()).await
    };
}
pub(crate) use suite;
