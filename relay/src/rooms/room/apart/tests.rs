use std::sync::Arc;

use seqline_protocol::{AppId, ConvId, Kind, Micros, Priority, UserId};

use super::*;
use crate::{
    bus::Hint,
    limits::{
        ROOM_BATCH_MS, ROOM_FORGET_MS, ROOM_RECENT_COMMENTS_MAX, ROOM_SENDER_COMMENTS_MAX,
        ROOM_SENDER_WINDOW_MS,
    },
    mailbox::Mailbox,
    rooms::{Comment, room::Batch},
};

const HERE: NodeId = NodeId(10);
const THERE: NodeId = NodeId(20);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn comment(body: &str, priority: Priority) -> Comment {
    Comment {
        sender: user("alice"),
        kind: Kind::text(),
        body: body.to_owned(),
        priority,
        at_us: Micros::ZERO,
    }
}

/// With so many users, one session each.
fn room(node: NodeId, users: usize) -> Room {
    let mut room = Room::among(node, 0);
    for n in 0..users {
        let mailbox = Arc::new(Mailbox::of_session(n as u64));
        room.join(&user(&format!("{}-{n}", node.0)), &mailbox, ms(0));
    }
    room
}

fn say(room: &mut Room, session: u64, at: Duration, body: &str) {
    let comment = comment(body, Priority::Normal);
    room.add(session, at, comment).unwrap();
}

/// What is told here and what is told to others, at once and so much later.
fn tell(room: &mut Room, now: Duration) -> (Batch, Vec<RoomNews>) {
    let batch = room.tick(now).unwrap();
    (batch, room.take_news(now))
}

fn bodies(comments: &[Comment]) -> Vec<&str> {
    comments.iter().map(|one| one.body.as_str()).collect()
}

fn said(news: &[RoomNews]) -> Vec<&str> {
    let said = news.iter().filter_map(|news| match news {
        RoomNews::Said { comments, .. } => Some(comments),
        _ => None,
    });
    let bodies = said.flatten().map(|one| one.comment.body.as_str());
    bodies.collect()
}

fn counted(number: u64, online: u32, users: &[&str]) -> RoomNews {
    RoomNews::Counted(Counted {
        number,
        online,
        users: users.iter().map(|name| user(name)).collect(),
    })
}

#[test]
fn what_is_said_here_is_heard_there_once_and_in_order_and_goes_no_further() {
    let (mut here, mut there) = (room(HERE, 2), room(THERE, 1));
    let mut all = Vec::new();
    for n in 0..3 {
        let at = ms(1_000 * n);
        say(&mut here, 0, at, &format!("a{n}"));
        say(&mut here, 1, at, &format!("b{n}"));
        let (_, news) = tell(&mut here, at + ms(ROOM_BATCH_MS));
        all.push(news);
    }
    assert_eq!(said(&all[1]), ["a1", "b1"]);
    // The first and the last one twice, the second one late.
    for news in [&all[0], &all[0], &all[2], &all[1], &all[2]] {
        for news in news {
            there.hear(HERE, news.clone(), ms(5_000));
        }
    }
    let (batch, news) = tell(&mut there, ms(5_000 + ROOM_BATCH_MS));
    assert_eq!(bodies(&batch.messages), ["a0", "b0", "a2", "b2"]);
    assert_eq!(batch.online, 3);
    assert!(said(&news).is_empty(), "{news:?}");
}

#[test]
fn each_relay_drops_for_its_own_people_and_tells_what_was_lost_on_the_way() {
    let (mut here, mut there) = (room(HERE, 100), room(THERE, 1));
    for session in 0..60 {
        say(&mut here, session, ms(0), "x");
    }
    let (batch, news) = tell(&mut here, ms(ROOM_BATCH_MS));
    assert_eq!((batch.messages.len(), batch.dropped), (40, 20));
    let important = comment("important", Priority::High);
    there.add(0, ms(0), important).unwrap();
    for news in news {
        there.hear(HERE, news, ms(0));
    }
    let (batch, news) = tell(&mut there, ms(ROOM_BATCH_MS));
    assert_eq!(batch.messages.len(), 40);
    assert!(bodies(&batch.messages).contains(&"important"));
    assert_eq!(batch.dropped, 20 + 1, "there, and here");
    // What was dropped here of what others said is not theirs to know.
    let dropped = news.iter().find_map(|news| match news {
        RoomNews::Said { dropped, .. } => Some(*dropped),
        _ => None,
    });
    assert_eq!(dropped, Some(0));
}

#[test]
fn however_much_is_said_each_hint_fits_the_database() {
    let mut here = room(HERE, 100);
    let long = "\"".repeat(EPHEMERAL_BODY_BYTES_MAX / 2 - 1);
    for session in 0..100 {
        let mut comment = comment(&long, Priority::High);
        comment.sender = user(&"u".repeat(64));
        here.add(session, ms(0), comment).unwrap();
    }
    let (batch, mut news) = tell(&mut here, ms(ROOM_BATCH_MS));
    assert!(batch.messages.len() > 10);
    news.extend(here.hear(THERE, counted(1, 1, &[]), ms(0)));
    news.extend(here.answer(THERE));
    let mut named = room(NodeId(u64::MAX), 0);
    for n in 0..ROOM_USERS_NAMED_MAX as u64 {
        let name = format!("{n:u>64}");
        let mailbox = Arc::new(Mailbox::of_session(n));
        named.join(&user(&name), &mailbox, ms(0));
    }
    news.push(named.ask());
    assert!(news.len() > 8);
    for news in news {
        let hint = Hint::Room {
            app: AppId::new("a".repeat(64)).unwrap(),
            conv: ConvId::new(format!("room:{}", "r".repeat(64))).unwrap(),
            news,
        };
        let bytes = serde_json::to_string(&hint).unwrap().len();
        assert!(bytes < 7_800, "{bytes}");
    }
}

#[test]
fn who_asks_is_told_by_two_what_was_said_last_and_by_all_how_many_are_there() {
    let mut answers = 0;
    for node in 1..=4 {
        let mut room = room(NodeId(node), 1);
        for other in (1..=4).filter(|other| *other != node) {
            room.hear(NodeId(other), counted(1, 1, &[]), ms(0));
        }
        let news = room.hear(THERE, RoomNews::Asked(room_count(0)), ms(0));
        let counts = news
            .iter()
            .filter(|one| matches!(one, RoomNews::Counted(_)));
        assert_eq!(counts.count(), 1);
        let ends = news.iter().filter(
            |one| matches!(one, RoomNews::Recent { to, is_last: true, .. } if *to == THERE),
        );
        answers += ends.count();
    }
    assert_eq!(answers, 2);
}

fn room_count(number: u64) -> Counted {
    Counted {
        number,
        online: 0,
        users: Vec::new(),
    }
}

#[test]
fn who_was_not_heard_asks_again_once_for_each_relay_until_it_is_answered() {
    let mut here = room(HERE, 1);
    let asks = |news: Vec<RoomNews>| {
        let asks = news.iter().filter(|one| matches!(one, RoomNews::Asked(_)));
        asks.count()
    };
    assert_eq!(asks(here.hear(THERE, counted(1, 1, &[]), ms(0))), 1);
    assert_eq!(asks(here.hear(THERE, counted(2, 1, &[]), ms(0))), 0);
    let answer = RoomNews::Recent {
        to: HERE,
        comments: Vec::new(),
        is_last: true,
    };
    here.hear(THERE, answer, ms(0));
    assert_eq!(asks(here.hear(NodeId(30), counted(1, 1, &[]), ms(0))), 0);
}

#[test]
fn what_was_said_before_comes_first_and_is_not_told_again() {
    let (mut here, mut there) = (room(HERE, 1), room(THERE, 1));
    let mut told = Vec::new();
    let window = ROOM_SENDER_WINDOW_MS;
    for n in 0..3 {
        say(&mut here, 0, ms(n * window), &format!("{n}"));
        told.push(tell(&mut here, ms(n * window + ROOM_BATCH_MS)).1);
    }
    // The last one is heard before the answer, the others only with it, and late.
    let hear = |there: &mut Room, news: &[RoomNews]| {
        for news in news {
            there.hear(HERE, news.clone(), ms(0));
        }
    };
    hear(&mut there, &told[2]);
    let answer = here.hear(THERE, RoomNews::Asked(room_count(1)), ms(0));
    hear(&mut there, &answer);
    hear(&mut there, &answer);
    hear(&mut there, &told[0]);
    hear(&mut there, &told[1]);
    let (batch, _) = tell(&mut there, ms(ROOM_BATCH_MS));
    assert_eq!(bodies(&batch.messages), ["2"]);
    assert_eq!(bodies(&there.recent()), ["0", "1", "2"]);
}

#[test]
fn what_relays_may_not_say_is_passed_over() {
    let mut here = room(HERE, 1);
    let forged = |by, number, body: &str| Said {
        by,
        number,
        comment: comment(body, Priority::High),
    };
    let mut comments = vec![
        forged(HERE, 1, "in this one's name"),
        forged(NodeId(30), 1, "in another's name"),
        forged(THERE, 1, &"x".repeat(EPHEMERAL_BODY_BYTES_MAX + 1)),
    ];
    comments.extend((2..1_000).map(|n| forged(THERE, n, "too many")));
    let dropped = u64::MAX;
    for _ in 0..2 {
        let comments = comments.clone();
        here.hear(THERE, RoomNews::Said { comments, dropped }, ms(0));
        let recent = RoomNews::Recent {
            to: HERE,
            comments: (0..1_000).map(|n| forged(THERE, n, "old")).collect(),
            is_last: true,
        };
        here.hear(THERE, recent, ms(0));
    }
    here.hear(THERE, counted(u64::MAX, u32::MAX, &[]), ms(0));
    let (batch, _) = tell(&mut here, ms(ROOM_BATCH_MS));
    assert!(batch.messages.iter().all(|one| one.body == "too many"));
    assert!(batch.messages.len() <= 40);
    assert_eq!(batch.dropped, u64::MAX);
    assert!(here.recent().len() <= ROOM_RECENT_COMMENTS_MAX);
    // One's own people are still heard.
    for n in 0..ROOM_SENDER_COMMENTS_MAX {
        say(&mut here, 0, ms(500), &n.to_string());
    }
    assert_eq!(
        tell(&mut here, ms(900)).0.messages.len(),
        ROOM_SENDER_COMMENTS_MAX
    );
}

#[test]
fn people_are_counted_once_where_they_are_named_and_forgotten_with_their_relay() {
    let mut here = room(HERE, 2);
    assert_eq!(here.online(), 2);
    here.hear(THERE, counted(5, 2, &["10-0", "bob"]), ms(0));
    assert_eq!(here.online(), 3, "one of them is here, too");
    here.hear(NodeId(30), counted(1, 2, &["bob", "carol"]), ms(0));
    assert_eq!(here.online(), 4);
    here.hear(THERE, counted(4, 9, &[]), ms(0));
    assert_eq!(here.online(), 4, "it comes late");
    here.hear(THERE, counted(6, 900, &[]), ms(0));
    assert_eq!(here.online(), 2 + 900 + 2);
    here.gone(&[THERE], ms(0));
    assert_eq!(here.online(), 4);
    // It counts anew, after it was cut off.
    here.hear(THERE, counted(7, 1, &["dave"]), ms(30_000));
    assert_eq!(here.online(), 5);
    here.take_news(ms(ROOM_FORGET_MS));
    assert_eq!(
        here.online(),
        3,
        "of the other one nothing was heard for too long"
    );
    let farewell = counted(8, 0, &[]);
    here.hear(THERE, farewell, ms(ROOM_FORGET_MS));
    assert_eq!(here.online(), 2);
}

#[test]
fn how_many_are_here_is_told_when_it_changes_and_now_and_then() {
    let mut here = room(HERE, 1);
    let counts = |room: &mut Room, at| {
        let news = room.take_news(at).into_iter();
        let counts = news.filter_map(|one| match one {
            RoomNews::Counted(counted) => Some(counted.online),
            _ => None,
        });
        counts.collect::<Vec<_>>()
    };
    assert_eq!(counts(&mut here, ms(0)), [1]);
    assert!(counts(&mut here, ms(1)).is_empty());
    here.leave(0, ms(2));
    assert_eq!(counts(&mut here, ms(2)), [0]);
    assert!(counts(&mut here, ms(ROOM_RENEW_MS - 1)).is_empty());
    assert_eq!(counts(&mut here, ms(ROOM_RENEW_MS)), [0]);
    here.met(ms(ROOM_RENEW_MS + 5));
    assert_eq!(here.due(), Some(ms(ROOM_ONLINE_MS)).min(here.due()));
    assert_eq!(counts(&mut here, ms(ROOM_RENEW_MS + 5)), [0]);
}
