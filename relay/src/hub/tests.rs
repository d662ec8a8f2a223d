use seqline_protocol::{AppId, ConvSeq, Seq, UserId};

use super::*;
use crate::session::Event;

fn account(user: &str) -> Arc<Account> {
    Arc::new(Account {
        app: AppId::new("app").unwrap(),
        user: UserId::new(user).unwrap(),
    })
}

fn join(hub: &Arc<Hub>, user: &str, device: &str) -> Membership {
    join_by(hub, user, device, "phone", DevicePolicy::Any)
}

fn join_by(
    hub: &Arc<Hub>,
    user: &str,
    device: &str,
    platform: &str,
    policy: DevicePolicy,
) -> Membership {
    let mut membership = hub.join();
    let device = DeviceId::new(device).unwrap();
    let platform = Label::new(platform).unwrap();
    membership.list(account(user), device, platform, policy);
    membership
}

fn conv(name: &str) -> ConvId {
    ConvId::new(name).unwrap()
}

fn append(user: &str) -> TimelineAppend {
    append_of(user, mark())
}

fn append_of(user: &str, item: Item) -> TimelineAppend {
    TimelineAppend {
        timeline: Timeline::User(account(user)),
        first: Seq::new(1).unwrap(),
        items: vec![Arc::new(item)],
    }
}

fn mark() -> Item {
    Item::Read {
        conv: conv("dm:alice:bob"),
        conv_seq: ConvSeq::ZERO,
    }
}

/// The user's timeline says that she reads a crowd from now on, or no longer.
fn turn(user: &str, name: &str, after: Option<u64>) -> TimelineAppend {
    let item = Item::Crowd {
        conv: conv(name),
        after: after.map(Seq::saturating),
    };
    append_of(user, item)
}

fn crowd_append(name: &str) -> TimelineAppend {
    TimelineAppend {
        timeline: Timeline::Crowd(AppId::new("app").unwrap(), conv(name)),
        first: Seq::new(1).unwrap(),
        items: vec![Arc::new(mark())],
    }
}

/// The timelines of which a session was told, in order.
fn told(membership: &Membership) -> Vec<String> {
    let mail = membership.mailbox().take();
    mail.iter()
        .map(|event| match event {
            Event::Push(push) => push.conv().map_or("own".to_owned(), ToString::to_string),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn kicked(membership: &Membership) -> Option<KickReason> {
    match membership.mailbox().take()[..] {
        [Event::Kick(reason)] => Some(reason),
        [] => None,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_commit_wakes_all_devices_of_its_users_and_no_one_else() {
    let hub = Arc::new(Hub::default());
    let members = [
        join(&hub, "alice", "phone"),
        join(&hub, "alice", "tablet"),
        join(&hub, "bob", "phone"),
    ];
    let stranger = hub.join();
    hub.committed(&[append("alice"), append("carol")], &Told::default());
    let woken: Vec<_> = members
        .iter()
        .map(|member| member.mailbox().take().len())
        .collect();
    assert_eq!(woken, [1, 1, 0]);
    assert!(stranger.mailbox().take().is_empty());
    assert_eq!(hub.len(), 4);
}

#[test]
fn the_same_device_replaces_itself_only() {
    let hub = Arc::new(Hub::default());
    let old = join(&hub, "alice", "phone");
    let tablet = join(&hub, "alice", "tablet");
    let namesake = join(&hub, "bob", "phone");
    let new = join(&hub, "alice", "phone");
    assert_eq!(kicked(&old), Some(KickReason::Replaced));
    for other in [&tablet, &namesake, &new] {
        assert_eq!(kicked(other), None);
    }
    // The old one leaves late, and does not take the new one with it.
    drop(old);
    hub.committed(&[append("alice")], &Told::default());
    assert_eq!(new.mailbox().take().len(), 1);
}

#[test]
fn a_policy_lets_the_newcomer_stay() {
    for (policy, kicked_ones) in [
        (DevicePolicy::Any, [None, None]),
        (
            DevicePolicy::OnePerPlatform,
            [Some(KickReason::DevicePolicy), None],
        ),
        (DevicePolicy::One, [Some(KickReason::DevicePolicy); 2]),
    ] {
        let hub = Arc::new(Hub::default());
        let olds = [("old-phone", "phone"), ("desk", "desktop")]
            .map(|(device, platform)| join_by(&hub, "alice", device, platform, DevicePolicy::Any));
        let other_user = join(&hub, "bob", "old-phone");
        let new = join_by(&hub, "alice", "new-phone", "phone", policy);
        assert_eq!(olds.each_ref().map(kicked), kicked_ones, "{policy:?}");
        assert_eq!((kicked(&new), kicked(&other_user)), (None, None));
        let stay = kicked_ones.iter().filter(|one| one.is_none()).count() + 1;
        assert_eq!(hub.online(&account("alice")).len(), stay);
    }
}

#[test]
fn sessions_are_ended_by_device_or_all() {
    let hub = Arc::new(Hub::default());
    let [phone, tablet] = ["phone", "tablet"].map(|device| join(&hub, "alice", device));
    let alice = account("alice");
    assert!(hub.end_device(&alice, &DeviceId::new("phone").unwrap()));
    assert!(!hub.end_device(&alice, &DeviceId::new("phone").unwrap()));
    assert_eq!(kicked(&phone), Some(KickReason::SessionEnded));
    assert_eq!(kicked(&tablet), None);
    assert_eq!(hub.end_all(&alice), 1);
    assert_eq!(kicked(&tablet), Some(KickReason::SessionEnded));
    assert!(!hub.is_online(&alice));
}

#[test]
fn who_leaves_is_forgotten() {
    let hub = Arc::new(Hub::default());
    let alice = join(&hub, "alice", "phone");
    alice.follow(&[conv("group:tea")]);
    drop(alice);
    drop(hub.join());
    assert!(hub.is_empty());
    assert!(hub.sessions().by_account.is_empty());
    assert_eq!(hub.crowds(), 0);
}

#[test]
fn a_crowd_is_told_to_those_who_follow_it() {
    let hub = Arc::new(Hub::default());
    let [phone, tablet] = ["phone", "tablet"].map(|device| join(&hub, "alice", device));
    let bob = join(&hub, "bob", "phone");
    phone.follow(&[conv("group:tea")]);
    bob.follow(&[conv("group:tea"), conv("group:milk")]);
    hub.committed(
        &[crowd_append("group:tea"), crowd_append("group:none")],
        &Told::default(),
    );
    assert_eq!(told(&phone), ["group:tea"]);
    assert_eq!(told(&bob), ["group:tea"]);
    assert!(told(&tablet).is_empty());
    drop(phone);
    hub.committed(
        &[crowd_append("group:tea"), crowd_append("group:milk")],
        &Told::default(),
    );
    assert_eq!(told(&bob), ["group:tea", "group:milk"]);
}

#[test]
fn joining_a_crowd_is_told_before_what_the_same_commit_says_in_it() {
    let hub = Arc::new(Hub::default());
    let [phone, tablet] = ["phone", "tablet"].map(|device| join(&hub, "alice", device));
    phone.follow(&[]);
    let joins = turn("alice", "group:tea", Some(0));
    hub.committed(&[crowd_append("group:tea"), joins], &Told::default());
    for device in [&phone, &tablet] {
        assert_eq!(told(device), ["own", "group:tea"]);
    }
    hub.committed(
        &[turn("alice", "group:tea", None), crowd_append("group:tea")],
        &Told::default(),
    );
    for device in [&phone, &tablet] {
        assert_eq!(told(device), ["own"]);
    }
}

#[test]
fn what_was_read_of_crowds_never_undoes_what_came_since() {
    let hub = Arc::new(Hub::default());
    let phone = join(&hub, "alice", "phone");
    // Read before both, and used after them.
    let read = [conv("group:left"), conv("group:stays")];
    hub.committed(&[turn("alice", "group:left", None)], &Told::default());
    hub.committed(&[turn("alice", "group:new", Some(4))], &Told::default());
    phone.follow(&read);
    let _ = phone.mailbox().take();
    let all = ["group:left", "group:stays", "group:new"];
    hub.committed(&all.map(crowd_append), &Told::default());
    assert_eq!(told(&phone), ["group:stays", "group:new"]);
}
