//! Everything that users can see, compared.

use std::collections::BTreeMap;

use seqline_protocol::{Conversation, Crowd, Item, Message, Seq};
use seqline_relay::store::{HistoryRange, Op};

use super::{
    USERS,
    model::{Conv, Model, News, Place},
};
use crate::support::{Fresh, SERVER, account, at_s, user};

type Lengths = [BTreeMap<String, usize>];

pub(super) async fn compare_views(
    store: &Fresh,
    model: &Model,
    lengths: &Lengths,
    batches: &[(Vec<Op>, u64)],
) {
    for name in USERS {
        let context = format!("{name} after {batches:#?}");
        let timeline = store.timeline(name).await;
        let got: Vec<Item> = timeline.into_iter().map(|entry| entry.item).collect();
        let expected = model.timelines.get(name).map_or(&[][..], Vec::as_slice);
        compare_news(model, (name, name), (&got, expected), lengths, &context);
        compare_list(store, model, name, &context).await;
        compare_crowds(store, model, name, lengths, &context).await;
        for conv in model.convs.values() {
            compare_history(store, conv, name, &context).await;
        }
    }
    for conv in model.convs.values() {
        compare_members(store, conv, &format!("{} after {batches:#?}", conv.id)).await;
    }
}

/// The news of each batch: marks in any order, at its end, all else in the same order.
fn compare_news(
    model: &Model,
    (of, name): (&str, &str),
    (got, expected): (&[Item], &[News]),
    lengths: &Lengths,
    context: &str,
) {
    assert_eq!(got.len(), expected.len(), "{context}");
    let is_mark = |item: &Item| matches!(item, Item::Read { .. } | Item::Receipt(_));
    let mut from = 0;
    for lengths in lengths {
        let upto = lengths.get(of).copied().unwrap_or(0).max(from);
        let mut expected: Vec<Item> = expected[from..upto]
            .iter()
            .map(|news| model.item(news, name))
            .collect();
        let mut got = got[from..upto].to_vec();
        for items in [&mut got, &mut expected] {
            let marks = items.iter().position(is_mark).unwrap_or(items.len());
            items[marks..].sort_by_key(|item| format!("{item:?}"));
        }
        assert_eq!(got, expected, "{context}");
        from = upto;
    }
}

async fn compare_list(store: &Fresh, model: &Model, name: &str, context: &str) {
    let mut got = store.conversations(name).await;
    let is_sorted = got.is_sorted_by(|one, next| one.active_us >= next.active_us);
    assert!(is_sorted, "{context}");
    got.sort_by(|one, other| one.conv.cmp(&other.conv));
    let convs = model.convs.values();
    let listed = convs.filter_map(|conv| {
        let place = conv.members.get(name)?;
        let is_off = place.is_cleared && place.sees_after == conv.messages.len();
        (!is_off).then_some((conv, place))
    });
    let mut expected: Vec<(&Conv, &Place)> = listed.collect();
    expected.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    let names = got.iter().map(|row| &row.conv);
    let expected_names = expected.iter().map(|(conv, _)| &conv.id);
    assert!(names.eq(expected_names), "{got:#?} {context}");
    for (row, (conv, place)) in got.iter().zip(expected) {
        compare_row(row, conv, place, name, context);
    }
}

fn compare_row(row: &Conversation, conv: &Conv, place: &Place, name: &str, context: &str) {
    let after = || conv.messages[place.read..].iter().map(|one| &one.message);
    let unread = after().filter(|one| one.sender.as_str() != name).count();
    assert_eq!(row.unread, unread as u64, "unread {} {context}", conv.id);
    assert_eq!(
        row.read.get(),
        place.read as u64,
        "read {} {context}",
        conv.id
    );
    assert_eq!(row.head.get(), conv.messages.len() as u64);
    let own = |message: &Message| message.sender.as_str() == name;
    let is_meant = |message: &&Message| {
        let mentions = |name: &str| message.mentions.iter().any(|one| one.as_str() == name);
        !conv.is_direct() && (mentions("@all") || mentions(name) && !own(message))
    };
    let mentioned = after().rfind(is_meant).map(|one| one.conv_seq);
    assert_eq!(row.mentioned, mentioned, "mentioned {} {context}", conv.id);
    let last = visible(conv, place, name).pop();
    assert_eq!(row.last, last, "last {} {context}", conv.id);
    assert_eq!(row.crowd, conv.is_crowd);
    assert_eq!(row.title.is_some(), !conv.is_direct());
    assert_eq!(row.title.as_deref().unwrap_or_default(), conv.title);
    let others = conv
        .members
        .iter()
        .filter(|(other, _)| conv.is_direct() && *other != name);
    let marks: Vec<_> = others
        .map(|(other, place)| (user(other), place.delivered as u64, place.read as u64))
        .collect();
    let got: Vec<_> = row
        .receipts
        .iter()
        .map(|one| (one.user.clone(), one.delivered.get(), one.read.get()))
        .collect();
    assert_eq!(got, marks, "{context}");
}

fn visible(conv: &Conv, place: &Place, name: &str) -> Vec<Message> {
    let all = conv.messages.iter().zip(1..);
    let seen = all
        .filter(|(_, at)| *at > place.sees_after && !conv.hidden.contains(&(name.to_owned(), *at)));
    seen.map(|(one, _)| one.message.clone()).collect()
}

async fn compare_history(store: &Fresh, conv: &Conv, name: &str, context: &str) {
    let page = store
        .history(name, &conv.id, HistoryRange::Newest, 1000)
        .await;
    let expected = conv
        .members
        .get(name)
        .map(|place| visible(conv, place, name));
    let got = page.map(|page| page.messages);
    assert_eq!(got, expected, "history of {} for {context}", conv.id);
}

async fn compare_crowds(
    store: &Fresh,
    model: &Model,
    name: &str,
    lengths: &Lengths,
    context: &str,
) {
    let mut expected = Vec::new();
    for conv in model.convs.values().filter(|conv| !conv.is_direct()) {
        let page = store.crowd(name, conv.id.as_str()).await;
        let place = conv.members.get(name).filter(|_| conv.is_crowd);
        let Some(place) = place else {
            assert_eq!((page.entries.len(), page.head.get()), (0, 0), "{context}");
            continue;
        };
        let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq.get()).collect();
        let from = place.reads_log_after;
        let in_sight: Vec<_> = (from as u64 + 1..=conv.log.len() as u64).collect();
        assert_eq!(seqs, in_sight, "{} for {context}", conv.id);
        let hidden = conv.log[..from].iter().map(|news| model.item(news, name));
        let items = page.entries.into_iter().map(|entry| entry.item);
        let all: Vec<Item> = hidden.chain(items).collect();
        compare_news(
            model,
            (conv.id.as_str(), name),
            (&all, &conv.log),
            lengths,
            context,
        );
        expected.push(Crowd {
            conv: conv.id.clone(),
            after: Seq::new(from as u64).unwrap(),
            floor: Seq::new(1).unwrap(),
            head: Seq::new(conv.log.len() as u64).unwrap(),
        });
    }
    expected.sort_by(|one, other| one.conv.cmp(&other.conv));
    let position = store.store.position(&account(name)).await.unwrap();
    assert_eq!(position.crowds, expected, "{context}");
    let taken = model.taken.get(name).copied().unwrap_or(0);
    assert_eq!(position.delivered.get(), taken as u64, "{context}");
}

/// Who belongs to it, and who has received and read its messages.
async fn compare_members(store: &Fresh, conv: &Conv, context: &str) {
    let name = conv.id.as_str();
    if !conv.is_direct() {
        let described = store.group(SERVER, name).await.unwrap();
        assert_eq!(described.members as usize, conv.members.len(), "{context}");
        assert_eq!(described.is_dissolved, conv.has_ended, "{context}");
        assert_eq!(described.is_muted, conv.is_muted, "{context}");
        let all = store.members(SERVER, name, None, 100).await.unwrap();
        let got = all.into_iter().map(|one| (one.user, one.role, one.joined));
        let expected = conv.members.iter();
        let expected = expected.map(|(name, one)| (user(name), one.role, at_s(one.joined_s)));
        assert!(got.eq(expected), "{context}");
    }
    for (stored, at) in conv.messages.iter().zip(1..) {
        let got = store.receipts(SERVER, name, at as u64).await.unwrap();
        let message = &stored.message;
        let others: Vec<(&String, &Place)> = conv
            .members
            .iter()
            .filter(|(name, _)| name.as_str() != message.sender.as_str())
            .filter(|(_, place)| at_s(place.joined_s) <= message.created_us)
            .collect();
        let readers = others.iter().filter(|(_, place)| place.read >= at);
        let readers: Vec<_> = readers.map(|(name, _)| user(name)).collect();
        let have = others
            .iter()
            .filter(|(_, place)| place.delivered >= at)
            .count();
        let delivered = if conv.is_crowd { readers.len() } else { have };
        let counts = (
            got.members as usize,
            got.delivered as usize,
            got.read as usize,
        );
        assert_eq!(
            counts,
            (others.len(), delivered, readers.len()),
            "{at} of {context}"
        );
        assert_eq!(got.readers, readers, "{at} of {context}");
    }
}
