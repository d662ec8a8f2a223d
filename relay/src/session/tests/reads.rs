use seqline_protocol::{
    ClientFrame, ConvId, ErrorCode, RelayFrame, RequestId, ResetReason,
    limits::{PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
};

use super::support::*;
use crate::{
    limits::READS_WAITING_MAX,
    session::{Answer, Effect, Event, Query},
    store::{Conversations, HistoryPage, Page, StoreError},
};

fn req(n: u64) -> RequestId {
    RequestId::new(n).unwrap()
}

fn pull(n: u64, after: u64, limit: Option<u16>) -> ClientFrame {
    ClientFrame::Pull {
        req: req(n),
        after: seq(after),
        limit,
        public: None,
        conv: None,
    }
}

fn page(floor: u64, head: u64) -> Event {
    Event::Answered(Ok(Answer::Page(Page {
        entries: Vec::new(),
        head: seq(head),
        floor: seq(floor),
    })))
}

#[test]
fn limits_are_checked_and_clipped() {
    for (limit, expected) in [
        (None, PAGE_ENTRIES_DEFAULT),
        (Some(1), 1),
        (Some(u16::MAX), PAGE_ENTRIES_MAX),
    ] {
        let mut desk = Desk::open(5);
        let effects = desk.cause(pull(1, 0, limit));
        let [Effect::Read(Query::Page(query))] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert_eq!(query.limit, expected);
        assert_eq!(query.account, account("alice"));
    }
    let mut desk = Desk::open(5);
    let effects = desk.cause(pull(1, 0, Some(0)));
    assert_eq!(refusal(&effects), (ErrorCode::FieldInvalid, false));
}

#[test]
fn reads_go_one_at_a_time_and_too_many_hold_the_client_back() {
    let mut desk = Desk::open(5);
    assert_eq!(desk.cause(pull(0, 0, None)).len(), 1);
    for n in 1..=READS_WAITING_MAX as u64 {
        assert!(desk.session.wants_input());
        assert!(desk.cause(pull(n, 0, None)).is_empty());
    }
    assert!(!desk.session.wants_input());
    for n in 0..=READS_WAITING_MAX as u64 {
        let effects = desk.feed_for_effects(page(1, 5));
        assert!(matches!(
            frames(&effects)[..],
            [RelayFrame::Page { req, .. }] if req.get() == n
        ));
    }
    assert!(desk.session.wants_input());
    assert!(desk.feed(page(1, 0)).is_empty(), "no one asked");
}

#[test]
fn a_pull_from_beyond_the_head_is_refused_and_from_below_the_floor_is_a_reset() {
    let mut desk = Desk::open(5);
    desk.cause(pull(1, 6, None));
    let effects = desk.feed_for_effects(page(1, 5));
    assert_eq!(refusal(&effects), (ErrorCode::FieldInvalid, false));

    desk.cause(pull(2, 1, None));
    let frames = desk.feed(page(3, 5));
    let expected = RelayFrame::Reset {
        reason: ResetReason::BelowFloor,
        epoch: position(0).epoch,
        head: seq(5),
        conv: None,
    };
    assert_eq!(frames, [expected]);
    assert_eq!(pushed(&desk.feed(push(6..=6))), [6]);
}

#[test]
fn an_own_conversation_without_messages_is_empty_and_a_foreign_one_unknown() {
    for (name, is_own) in [
        ("dm:alice:zoe", true),
        ("dm:bob:zoe", false),
        ("group:g", false),
    ] {
        let mut desk = Desk::open(0);
        let conv = ConvId::new(name).unwrap();
        desk.cause(ClientFrame::History {
            req: req(1),
            conv: conv.clone(),
            before: None,
            after: None,
            limit: None,
        });
        let effects = desk.feed_for_effects(Event::Answered(Ok(Answer::History(None))));
        if is_own {
            let expected = RelayFrame::History {
                req: req(1),
                conv,
                messages: Vec::new(),
                more: false,
            };
            assert_eq!(frames(&effects), [expected]);
        } else {
            assert_eq!(refusal(&effects), (ErrorCode::ConversationUnknown, false));
        }
    }
}

#[test]
fn a_page_of_conversations_is_asked_for_by_the_next_of_the_one_before() {
    let mut desk = Desk::open(0);
    let ask = |page: Option<&str>| ClientFrame::Conversations {
        req: req(1),
        page: page.map(str::to_owned),
        limit: None,
    };
    for nonsense in ["", "1", "1-", "-1", "x-1", "1-x", "1-1-1"] {
        let effects = desk.cause(ask(Some(nonsense)));
        assert_eq!(
            refusal(&effects),
            (ErrorCode::FieldInvalid, false),
            "{nonsense:?}"
        );
    }
    let next = crate::store::ConvPage {
        active: desk.now.wall,
        key: 12,
    };
    desk.cause(ask(None));
    let list = Conversations {
        rows: Vec::new(),
        next: Some(next),
    };
    let frames = desk.feed(Event::Answered(Ok(Answer::Conversations(list))));
    let [
        RelayFrame::Conversations {
            next: Some(text), ..
        },
    ] = &frames[..]
    else {
        panic!("{frames:?}")
    };
    let effects = desk.cause(ask(Some(text)));
    let [Effect::Read(Query::Conversations(query))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(query.after, Some(next));
}

#[test]
fn a_read_that_fails_ends_the_connection_with_a_code() {
    let mut desk = Desk::open(5);
    desk.cause(pull(4, 0, None));
    let effects = desk.feed_for_effects(Event::Answered(Err(StoreError::Failed(String::new()))));
    assert_eq!(refusal(&effects), (ErrorCode::Internal, true));
    assert!(matches!(
        frames(&effects)[..],
        [RelayFrame::Error { req: Some(at), .. }] if at == req(4)
    ));
    let late = Event::Answered(Ok(Answer::History(Some(HistoryPage::default()))));
    assert!(desk.feed(late).is_empty());
}
