use seqline_protocol::{Encoding, Micros, RelayFrame, UserId, decode};
use serde_json::Value;

use super::*;
use crate::{
    clock::Now,
    fleet::FleetRules,
    limits::{
        ROOM_BATCH_BYTES_MAX, ROOM_BATCH_COMMENTS_MAX, ROOM_BATCH_MS, ROOM_ONLINE_MS,
        ROOM_RECENT_COMMENTS_MAX, ROOM_SENDER_COMMENTS_MAX, ROOM_SENDER_WINDOW_MS,
    },
    session::Event,
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn comment(user: &str, body: &str, priority: Priority) -> Comment {
    Comment {
        sender: UserId::new(user).unwrap(),
        kind: Kind::text(),
        body: body.to_owned(),
        priority,
        at_us: Micros::ZERO,
    }
}

fn mailbox(key: u64) -> Arc<Mailbox> {
    Arc::new(Mailbox::of_session(key))
}

/// A room with as many members as it takes to say a lot.
fn crowded() -> Room {
    let mut room = Room::default();
    for key in 0..100 {
        let user = UserId::new(format!("u{key}")).unwrap();
        room.join(&user, &mailbox(key), ms(0));
    }
    room.tick(ms(ROOM_ONLINE_MS)).unwrap();
    room
}

const START: Duration = Duration::from_secs(10);

fn bodies(comments: &[Comment]) -> Vec<&str> {
    comments.iter().map(|one| one.body.as_str()).collect()
}

#[test]
fn what_is_said_is_gathered_and_told_once() {
    let mut room = crowded();
    assert_eq!(room.due(), None);
    room.add(1, START, comment("u1", "a", Priority::Normal))
        .unwrap();
    let later = START + ms(ROOM_BATCH_MS - 1);
    room.add(2, later, comment("u2", "b", Priority::Normal))
        .unwrap();
    assert_eq!(room.due(), Some(START + ms(ROOM_BATCH_MS)));
    assert_eq!(room.tick(later), None);
    let batch = room.tick(START + ms(ROOM_BATCH_MS)).unwrap();
    assert_eq!(bodies(&batch.messages), ["a", "b"]);
    assert_eq!((batch.online, batch.dropped), (100, 0));
    assert_eq!(room.due(), None, "nothing is told twice");
}

#[test]
fn over_the_budget_the_least_important_and_oldest_is_dropped_and_counted() {
    let mut room = crowded();
    let say = |room: &mut Room, key, body: &str, priority| {
        room.add(key, START, comment("u", body, priority)).unwrap();
    };
    say(&mut room, 0, "high", Priority::High);
    say(&mut room, 1, "low 1", Priority::Low);
    say(&mut room, 2, "low 2", Priority::Low);
    say(&mut room, 3, "old", Priority::Normal);
    for key in 4..ROOM_BATCH_COMMENTS_MAX as u64 {
        say(&mut room, key, "normal", Priority::Normal);
    }
    // Full: what comes now takes a place.
    say(&mut room, 50, "new 1", Priority::Normal);
    say(&mut room, 51, "new 2", Priority::High);
    say(&mut room, 52, "new 3", Priority::Normal);
    say(&mut room, 53, "low 3", Priority::Low);
    let batch = room.tick(START + ms(ROOM_BATCH_MS)).unwrap();
    assert_eq!(batch.messages.len(), ROOM_BATCH_COMMENTS_MAX);
    assert_eq!(batch.dropped, 4);
    let said = bodies(&batch.messages);
    for gone in ["low 1", "low 2", "low 3", "old"] {
        assert!(!said.contains(&gone), "{gone}");
    }
    for kept in ["high", "new 1", "new 2", "new 3"] {
        assert!(said.contains(&kept), "{kept}");
    }
    room.add(1, START + ms(2000), comment("u", "next", Priority::Low))
        .unwrap();
    assert_eq!(
        room.tick(START + ms(3000)).unwrap().dropped,
        0,
        "counted anew"
    );
}

#[test]
fn the_budget_is_of_bytes_too_and_of_a_batch_fits_a_frame() {
    let mut room = crowded();
    for key in 0..100 {
        let body = "\"".repeat(500);
        room.add(
            key,
            START,
            comment(&"u".repeat(64), &body, Priority::Normal),
        )
        .unwrap();
    }
    let batch = room.tick(START + ms(ROOM_BATCH_MS)).unwrap();
    assert!(batch.messages.len() < ROOM_BATCH_COMMENTS_MAX);
    assert_eq!(batch.messages.len() as u64 + batch.dropped, 100);
    let bytes: usize = batch.messages.iter().map(|one| json_bytes(&one.body)).sum();
    assert!(bytes <= ROOM_BATCH_BYTES_MAX);
    let conv = ConvId::new("room:live").unwrap();
    let frame = Shared::new(event(&conv, &batch));
    for encoding in [Encoding::Text, Encoding::Binary] {
        let payload = frame.encoded(encoding).payload;
        assert!(payload.len() <= seqline_protocol::limits::FRAME_BYTES_MAX);
    }
}

#[test]
fn one_who_says_too_much_is_told_to_wait() {
    let mut room = crowded();
    let mut say = |at| room.add(1, at, comment("u1", "x", Priority::Normal));
    for _ in 0..ROOM_SENDER_COMMENTS_MAX {
        say(START).unwrap();
    }
    let half = START + ms(ROOM_SENDER_WINDOW_MS / 2);
    assert_eq!(
        say(half),
        Err(Unsaid::TooFast(ms(ROOM_SENDER_WINDOW_MS / 2)))
    );
    say(START + ms(ROOM_SENDER_WINDOW_MS)).unwrap();
    let stranger = room.add(777, half, comment("x", "x", Priority::High));
    assert_eq!(stranger, Err(Unsaid::NotJoined));
}

#[test]
fn who_joins_finds_the_last_of_what_was_told() {
    let mut room = crowded();
    let mut at = START;
    for n in 0..ROOM_RECENT_COMMENTS_MAX + 7 {
        at += ms(1000);
        let body = n.to_string();
        room.add(1, at, comment("u1", &body, Priority::Normal))
            .unwrap();
        room.tick(at + ms(ROOM_BATCH_MS)).unwrap();
    }
    room.add(1, at + ms(1000), comment("u1", "untold", Priority::Normal))
        .unwrap();
    let recent = room.recent();
    let expected: Vec<_> = (7..ROOM_RECENT_COMMENTS_MAX + 7)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(bodies(&recent), expected);
}

#[test]
fn users_are_counted_not_their_sessions_and_changes_are_told_in_time() {
    let mut room = Room::default();
    let [alice, bob] = ["alice", "bob"].map(|name| UserId::new(name).unwrap());
    room.join(&alice, &mailbox(1), ms(0));
    room.join(&alice, &mailbox(2), ms(0));
    room.join(&bob, &mailbox(3), ms(5));
    room.join(&bob, &mailbox(3), ms(5));
    assert_eq!(room.online(), 2);
    assert_eq!(room.due(), Some(ms(ROOM_ONLINE_MS)));
    // What is said takes it along.
    room.add(1, ms(100), comment("alice", "hi", Priority::Normal))
        .unwrap();
    assert_eq!(room.tick(ms(100 + ROOM_BATCH_MS)).unwrap().online, 2);
    room.leave(1, ms(1000));
    room.leave(3, ms(1000));
    room.leave(3, ms(1000));
    let batch = room.tick(ms(1000 + ROOM_ONLINE_MS)).unwrap();
    assert_eq!((batch.online, batch.messages.len()), (1, 0));
    room.leave(2, ms(9000));
    assert!(room.is_empty());
}

/// A clock that stands still; the tests tick by themselves.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Now {
        Now {
            wall: Micros::new(1_700_000_000_000_000).unwrap(),
            uptime: START,
        }
    }
}

fn rooms() -> Arc<Rooms> {
    rooms_among(&FleetRules::default())
}

fn rooms_among(rules: &FleetRules) -> Arc<Rooms> {
    let voice = Voice::new(rules, Arc::new(Still));
    Rooms::new(Arc::new(Still), Arc::default(), (Arc::default(), voice))
}

fn account(user: &str) -> Account {
    Account {
        app: AppId::new("app").unwrap(),
        user: UserId::new(user).unwrap(),
    }
}

fn conv(name: &str) -> ConvId {
    ConvId::new(name).unwrap()
}

fn say(
    rooms: &Arc<Rooms>,
    user: &str,
    mailbox: &Mailbox,
    room: &str,
    body: &str,
) -> Result<(), ErrorCode> {
    let body = body.to_owned();
    rooms
        .send(
            &account(user),
            mailbox,
            &conv(room),
            Kind::text(),
            body,
            Priority::Normal,
        )
        .map_err(|error| error.code)
}

/// The values of the events that a session was told.
fn told(mailbox: &Mailbox) -> Vec<Value> {
    let mail = mailbox.take();
    mail.iter()
        .map(|event| {
            let Event::Notice(frame) = event else {
                panic!("{event:?}")
            };
            let payload = frame.encoded(Encoding::Binary).payload;
            match decode(Encoding::Binary, &payload).unwrap() {
                RelayFrame::Event { name, value } => {
                    assert_eq!(name.as_str(), "room");
                    serde_json::from_str(&value).unwrap()
                }
                other => panic!("{other:?}"),
            }
        })
        .collect()
}

#[tokio::test]
async fn a_room_is_told_to_its_sessions_only_and_apart_by_app() {
    let rooms = rooms();
    let [one, two, away] = [1, 2, 3].map(mailbox);
    let foreign = Account {
        app: AppId::new("other").unwrap(),
        ..account("alice")
    };
    for (who, mailbox) in [(account("alice"), &one), (account("bob"), &two)] {
        rooms.join(&who, &conv("room:live"), mailbox).unwrap();
    }
    rooms.join(&foreign, &conv("room:live"), &away).unwrap();
    assert_eq!(rooms.len(), 2);
    say(&rooms, "alice", &one, "room:live", "hi").unwrap();
    assert_eq!(rooms.tick(START), Some(START + ms(ROOM_BATCH_MS)));
    let next = rooms.tick(START + ms(ROOM_BATCH_MS));
    assert_eq!(next, Some(START + ms(ROOM_ONLINE_MS)), "the other app's");
    let events = told(&one);
    assert_eq!(events, told(&two));
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event["conv"], "room:live");
    assert_eq!(
        (&event["online"], &event["dropped"]),
        (&2.into(), &0.into())
    );
    assert_eq!(event["messages"][0]["sender"], "alice");
    assert_eq!(event["messages"][0]["body"], "hi");
    assert_eq!(event["messages"][0]["at_us"], 1_700_000_000_000_000_u64);
    assert!(told(&away).is_empty());

    rooms.tick(START + ms(ROOM_ONLINE_MS));
    rooms
        .leave(&account("bob"), &conv("room:live"), &two)
        .unwrap();
    assert_eq!(
        say(&rooms, "bob", &two, "room:live", "still here?"),
        Err(ErrorCode::ConversationUnknown)
    );
    let joined = rooms
        .join(&account("bob"), &conv("room:live"), &two)
        .unwrap();
    assert_eq!((joined.online, bodies(&joined.recent)), (2, vec!["hi"]));
}

#[tokio::test]
async fn sessions_that_end_leave_and_empty_rooms_are_forgotten() {
    let rooms = rooms();
    let [one, two] = [1, 2].map(mailbox);
    for room in ["room:a", "room:b"] {
        rooms.join(&account("alice"), &conv(room), &one).unwrap();
    }
    rooms.join(&account("bob"), &conv("room:b"), &two).unwrap();
    rooms.forget(&one);
    assert_eq!(rooms.len(), 1);
    rooms.leave(&account("bob"), &conv("room:b"), &two).unwrap();
    assert!(rooms.is_empty());
    let state = rooms.state();
    assert!(state.of_session.is_empty() && state.due.is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let rooms = rooms();
    let one = mailbox(1);
    let alice = account("alice");
    let join = |name: &str| {
        rooms
            .join(&alice, &conv(name), &one)
            .map_err(|error| error.code)
    };
    assert_eq!(join("group:tea"), Err(ErrorCode::FieldInvalid));
    for n in 0..ROOMS_PER_SESSION_MAX {
        join(&format!("room:r{n}")).unwrap();
    }
    assert_eq!(join("room:more"), Err(ErrorCode::ConversationFull));
    join("room:r0").expect("it is there already");
    assert_eq!(rooms.len(), ROOMS_PER_SESSION_MAX);
    assert_eq!(
        say(&rooms, "alice", &one, "room:elsewhere", "x"),
        Err(ErrorCode::ConversationUnknown)
    );
    let large = "x".repeat(EPHEMERAL_BODY_BYTES_MAX + 1);
    assert_eq!(
        say(&rooms, "alice", &one, "room:r0", &large),
        Err(ErrorCode::BodyTooLarge)
    );
    for _ in 0..ROOM_SENDER_COMMENTS_MAX {
        say(&rooms, "alice", &one, "room:r0", "x").unwrap();
    }
    assert_eq!(
        say(&rooms, "alice", &one, "room:r0", "x"),
        Err(ErrorCode::RateLimited)
    );
}
