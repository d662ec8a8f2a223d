use std::collections::BTreeSet;

use seqline_protocol::{Kind, Label};

use super::{super::BroadcastContent, *};

const STATES: [BroadcastState; 5] = [
    BroadcastState::Draft,
    BroadcastState::Staged,
    BroadcastState::Published,
    BroadcastState::Stopped,
    BroadcastState::Recalled,
];

fn at(us: u64) -> Micros {
    Micros::new(us).unwrap()
}

fn number(at: u64) -> PubSeq {
    PubSeq::new(at).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn draft(body: &str, expires_us: Option<u64>) -> BroadcastDraft {
    BroadcastDraft {
        content: BroadcastContent {
            kind: Kind::text(),
            title: "Title".to_owned(),
            body: body.to_owned(),
        },
        audience: Audience {
            expires_us: expires_us.map(at),
            ..Audience::default()
        },
        every_device: false,
    }
}

fn wave() -> Wave {
    Wave {
        starts_us: at(60),
        window_ms: 10_000,
    }
}

/// At revision 3, shown by number 5 and changed by number 7, unless it is a draft.
fn row(state: BroadcastState) -> BroadcastRow {
    let made = draft("first", Some(1000));
    let was_shown = state != BroadcastState::Draft;
    BroadcastRow {
        app: AppId::new("app").unwrap(),
        id: BroadcastId::new(4).unwrap(),
        state,
        revision: 3,
        version: 1,
        content: made.content,
        audience: made.audience,
        staging: Staging::default(),
        every_device: false,
        wave: None,
        first_pub_seq: was_shown.then_some(number(5)),
        pub_seq: was_shown.then_some(number(7)),
        created: at(10),
        changed: at(20),
        published: was_shown.then_some(at(15)),
        is_deleted: false,
    }
}

/// An operator's command at time 50, when the newest number is 8.
fn on(row: BroadcastRow, action: BroadcastAction) -> Result<BroadcastRow, BroadcastRefusal> {
    decided(row, action, 50, 1).map(|decided| decided.row)
}

fn decided(
    row: BroadcastRow,
    action: BroadcastAction,
    now_us: u64,
    kept: usize,
) -> Result<Decided, BroadcastRefusal> {
    let command = BroadcastCommand {
        app: row.app.clone(),
        operator: user("op"),
        of: Some((row.id, row.revision)),
        action,
    };
    let before = Before {
        row: Some((row, user("other"))),
        head: number(8),
        next_id: BroadcastId::new(9).unwrap(),
        kept,
    };
    decide(command, before, at(now_us))
}

/// In which states it is allowed, and what state it leads to.
fn leads(action: &BroadcastAction) -> Vec<Option<BroadcastState>> {
    STATES
        .into_iter()
        .map(|state| match on(row(state), action.clone()) {
            Ok(row) => Some(row.state),
            Err(BroadcastRefusal::State { state: said, .. }) => {
                assert_eq!(said, state);
                None
            }
            Err(other) => panic!("{other}"),
        })
        .collect()
}

#[test]
fn each_step_is_taken_from_the_states_that_allow_it_and_from_no_other() {
    use BroadcastState::{Draft, Published, Recalled, Staged, Stopped};
    let staging = Staging {
        allow_list: true,
        percent: 5,
    };
    // From draft, staged, published, stopped, recalled.
    let table = [
        (
            BroadcastAction::Edit(Box::new(draft("second", Some(1000)))),
            [
                Some(Draft),
                Some(Staged),
                Some(Published),
                Some(Stopped),
                None,
            ],
        ),
        (
            BroadcastAction::Stage(staging),
            [Some(Staged), Some(Staged), None, None, None],
        ),
        (
            BroadcastAction::Publish(None),
            [
                Some(Published),
                Some(Published),
                None,
                Some(Published),
                None,
            ],
        ),
        (
            BroadcastAction::Wave(wave()),
            [None, Some(Staged), Some(Published), None, None],
        ),
        (
            BroadcastAction::Stop,
            [None, Some(Stopped), Some(Stopped), None, None],
        ),
        (
            BroadcastAction::Recall,
            [None, Some(Recalled), Some(Recalled), Some(Recalled), None],
        ),
        (
            BroadcastAction::Delete,
            [
                Some(Draft),
                Some(Recalled),
                Some(Recalled),
                Some(Recalled),
                Some(Recalled),
            ],
        ),
        (
            BroadcastAction::Create(Box::new(draft("again", None))),
            [None; 5],
        ),
    ];
    for (action, expected) in table {
        assert_eq!(leads(&action), expected, "{action:?}");
    }
}

#[test]
fn every_step_takes_a_revision_and_those_that_are_seen_a_number() {
    let staging = Staging::default();
    let same = BroadcastAction::Edit(Box::new(draft("first", Some(1000))));
    let other = BroadcastAction::Edit(Box::new(draft("second", Some(1000))));
    let table = [
        (BroadcastState::Draft, other.clone(), None),
        (BroadcastState::Draft, BroadcastAction::Delete, None),
        (
            BroadcastState::Draft,
            BroadcastAction::Stage(staging),
            Some(9),
        ),
        (
            BroadcastState::Draft,
            BroadcastAction::Publish(None),
            Some(9),
        ),
        (
            BroadcastState::Staged,
            BroadcastAction::Stage(staging),
            Some(9),
        ),
        (
            BroadcastState::Staged,
            BroadcastAction::Publish(None),
            Some(9),
        ),
        (BroadcastState::Published, other.clone(), Some(9)),
        (BroadcastState::Published, same, Some(7)),
        (
            BroadcastState::Published,
            BroadcastAction::Wave(wave()),
            Some(9),
        ),
        (BroadcastState::Published, BroadcastAction::Stop, Some(9)),
        (BroadcastState::Published, BroadcastAction::Recall, Some(9)),
        (BroadcastState::Published, BroadcastAction::Delete, Some(9)),
        (BroadcastState::Stopped, other, Some(9)),
        (
            BroadcastState::Stopped,
            BroadcastAction::Publish(None),
            Some(9),
        ),
        (BroadcastState::Recalled, BroadcastAction::Delete, Some(7)),
    ];
    for (state, action, expected) in table {
        let done = decided(row(state), action.clone(), 50, 1).unwrap();
        let case = format!("{state:?} {action:?}");
        assert_eq!(done.row.pub_seq.map(PubSeq::get), expected, "{case}");
        assert_eq!(done.row.revision, 4, "{case}");
        assert_eq!(done.row.changed, at(50), "{case}");
        assert_eq!(done.audit.revision, 4, "{case}");
        let audited = done.audit.pub_seq.map(PubSeq::get);
        assert_eq!(audited, expected.filter(|at| *at == 9), "{case}");
    }
}

#[test]
fn the_first_showing_is_kept() {
    let staged = on(
        row(BroadcastState::Draft),
        BroadcastAction::Stage(Staging::default()),
    );
    let staged = staged.unwrap();
    assert_eq!(staged.first_pub_seq, Some(number(9)));
    assert_eq!(staged.published, Some(at(50)));
    let published = on(row(BroadcastState::Staged), BroadcastAction::Publish(None));
    let published = published.unwrap();
    assert_eq!(published.first_pub_seq, Some(number(5)));
    assert_eq!(published.published, Some(at(15)));
}

#[test]
fn a_version_is_a_text_that_someone_may_have_seen() {
    let edit = |body: &str| BroadcastAction::Edit(Box::new(draft(body, Some(1000))));
    let version = |state, action| on(row(state), action).unwrap().version;
    assert_eq!(version(BroadcastState::Draft, edit("second")), 1);
    assert_eq!(version(BroadcastState::Staged, edit("second")), 2);
    assert_eq!(version(BroadcastState::Published, edit("second")), 2);
    assert_eq!(version(BroadcastState::Stopped, edit("second")), 2);
    assert_eq!(version(BroadcastState::Published, edit("first")), 1);
    assert_eq!(
        version(BroadcastState::Staged, BroadcastAction::Publish(None)),
        1
    );
    // For others, and not another text.
    let mut narrower = draft("first", Some(1000));
    narrower.audience.hosts = BTreeSet::from([Label::new("wx").unwrap()]);
    let narrower = BroadcastAction::Edit(Box::new(narrower));
    let narrowed = on(row(BroadcastState::Published), narrower).unwrap();
    assert_eq!((narrowed.version, narrowed.pub_seq), (1, Some(number(9))));
    let mut everywhere = draft("first", Some(1000));
    everywhere.every_device = true;
    let everywhere = BroadcastAction::Edit(Box::new(everywhere));
    let everywhere = on(row(BroadcastState::Published), everywhere).unwrap();
    assert_eq!(
        (everywhere.version, everywhere.pub_seq),
        (1, Some(number(9)))
    );
}

#[test]
fn what_is_over_is_not_shown() {
    let over = |state, action| decided(row(state), action, 1000, 1).map(|done| done.row.state);
    let staging = BroadcastAction::Stage(Staging::default());
    for (state, action) in [
        (BroadcastState::Draft, staging),
        (BroadcastState::Draft, BroadcastAction::Publish(None)),
        (BroadcastState::Stopped, BroadcastAction::Publish(None)),
        (BroadcastState::Published, BroadcastAction::Wave(wave())),
        (
            BroadcastState::Published,
            BroadcastAction::Edit(Box::new(draft("first", Some(999)))),
        ),
    ] {
        assert_eq!(over(state, action), Err(BroadcastRefusal::Expired));
    }
    // Corrected as it is, given more time, stopped, recalled.
    for (action, state) in [
        (
            BroadcastAction::Edit(Box::new(draft("second", Some(1000)))),
            BroadcastState::Published,
        ),
        (
            BroadcastAction::Edit(Box::new(draft("first", Some(1001)))),
            BroadcastState::Published,
        ),
        (BroadcastAction::Stop, BroadcastState::Stopped),
        (BroadcastAction::Recall, BroadcastState::Recalled),
    ] {
        assert_eq!(over(BroadcastState::Published, action), Ok(state));
    }
}

#[test]
fn there_are_so_many() {
    let create = |kept, expires_us| {
        let command = BroadcastCommand {
            app: AppId::new("app").unwrap(),
            operator: user("op"),
            of: None,
            action: BroadcastAction::Create(Box::new(draft("new", expires_us))),
        };
        let before = Before {
            row: None,
            head: number(8),
            next_id: BroadcastId::new(9).unwrap(),
            kept,
        };
        decide(command, before, at(50))
    };
    let max = BROADCASTS_MAX;
    let made = create(max - 1, None).unwrap();
    assert_eq!(made.row.id.get(), 9);
    assert_eq!((made.row.revision, made.row.version), (1, 1));
    assert_eq!(
        (made.row.state, made.row.pub_seq),
        (BroadcastState::Draft, None)
    );
    assert_eq!(made.audit.action, "create");
    let refused = create(max, None).err();
    assert_eq!(refused, Some(BroadcastRefusal::TooMany { max }));
    assert_eq!(create(0, Some(50)).err(), Some(BroadcastRefusal::Expired));
    // One that is over comes back into the count.
    let longer = BroadcastAction::Edit(Box::new(draft("first", Some(2000))));
    let refused = decided(row(BroadcastState::Published), longer.clone(), 1500, max).err();
    assert_eq!(refused, Some(BroadcastRefusal::TooMany { max }));
    decided(row(BroadcastState::Published), longer, 500, max).unwrap();
}

#[test]
fn an_older_revision_is_a_conflict_with_whom_it_is() {
    let row = row(BroadcastState::Published);
    let command = BroadcastCommand {
        app: row.app.clone(),
        operator: user("op"),
        of: Some((row.id, 2)),
        action: BroadcastAction::Create(Box::new(draft("x", None))),
    };
    let before = |row| Before {
        row,
        head: number(8),
        next_id: BroadcastId::new(9).unwrap(),
        kept: 1,
    };
    let by = user("other");
    let refused = decide(command.clone(), before(Some((row, by.clone()))), at(50)).err();
    assert_eq!(
        refused,
        Some(BroadcastRefusal::Conflict { revision: 3, by })
    );
    let refused = decide(command, before(None), at(50)).err();
    assert_eq!(refused, Some(BroadcastRefusal::Unknown));
}

#[test]
fn a_wave_is_kept_until_the_next_one() {
    let with_wave = || BroadcastRow {
        wave: Some(wave()),
        ..row(BroadcastState::Staged)
    };
    let later = Wave {
        starts_us: at(70),
        ..wave()
    };
    let waved = |action| on(with_wave(), action).unwrap().wave;
    assert_eq!(waved(BroadcastAction::Publish(None)), Some(wave()));
    assert_eq!(waved(BroadcastAction::Publish(Some(later))), Some(later));
    assert_eq!(waved(BroadcastAction::Wave(later)), Some(later));
}

#[test]
fn what_was_given_is_in_the_trail() {
    let done = decided(
        row(BroadcastState::Draft),
        BroadcastAction::Stage(Staging {
            allow_list: true,
            percent: 5,
        }),
        50,
        1,
    );
    let audit = done.unwrap().audit;
    assert_eq!((audit.action.as_str(), audit.at), ("stage", at(50)));
    assert_eq!(audit.operator, user("op"));
    assert_eq!(audit.details, r#"{"allow_list":true,"percent":5}"#);
    let published = decided(
        row(BroadcastState::Draft),
        BroadcastAction::Publish(Some(wave())),
        50,
        1,
    );
    let details = published.unwrap().audit.details;
    assert_eq!(details, r#"{"wave":{"starts_us":60,"window_ms":10000}}"#);
}
