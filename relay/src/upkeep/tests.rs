//! In virtual time: when steps are taken, and that commits come between them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use seqline_protocol::{
    AppId, ClientMsgId, ConvId, ConvSeq, Item, Kind, Message, Micros, MsgId, Priority, Seq, UserId,
};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    account::Account,
    clock::VirtualClock,
    store::{Timeline, TimelineAppend},
};

/// How long a step takes, in milliseconds, and what it answers.
type Answer = (u64, Result<bool, StoreError>);

/// What the steps answer, one after the other (then: nothing more to do), each after some
/// time; and when each was taken, in milliseconds.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    taken_ms: Arc<Mutex<Vec<u128>>>,
}

impl Script {
    fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Self::default();
        script.answers.lock().unwrap().extend(answers);
        script
    }

    fn step(
        &self,
        start: Instant,
    ) -> impl Fn() -> futures_util::future::BoxFuture<'static, Result<bool, StoreError>> + use<>
    {
        let script = self.clone();
        move || {
            let taken = start.elapsed().as_millis();
            script.taken_ms.lock().unwrap().push(taken);
            let next = script.answers.lock().unwrap().pop_front();
            let (time_ms, answer) = next.unwrap_or((0, Ok(false)));
            Box::pin(async move {
                sleep(Duration::from_millis(time_ms)).await;
                answer
            })
        }
    }

    fn taken_ms(&self) -> Vec<u128> {
        self.taken_ms.lock().unwrap().clone()
    }
}

const RULES: UpkeepRules = UpkeepRules {
    sync_ttl: Duration::from_secs(3600),
    age_every: Duration::from_secs(100),
    tombstone_ttl: Duration::from_secs(3600),
    index_after: Duration::from_millis(200),
    pause: Duration::from_millis(10),
    retry_after: Duration::from_secs(1),
};

fn pace(start: Instant) -> Pace {
    Pace {
        clock: Arc::new(VirtualClock::since(start)),
        rules: RULES,
        stop: CancellationToken::new(),
    }
}

fn ageing(script: &Script) -> (CancellationToken, JoinHandle<()>) {
    let start = Instant::now();
    let (pace, step) = (pace(start), script.step(start));
    let stop = pace.stop.clone();
    (
        stop,
        tokio::spawn(async move { pace.age("ageing", step).await }),
    )
}

fn indexing(script: &Script) -> (Arc<IndexBell>, CancellationToken, JoinHandle<()>) {
    let start = Instant::now();
    let (pace, step) = (pace(start), script.step(start));
    let (bell, stop) = (Arc::new(IndexBell::default()), pace.stop.clone());
    let index_bell = Arc::clone(&bell);
    let task = tokio::spawn(async move { pace.index(&index_bell, step).await });
    (bell, stop, task)
}

/// A commit of one item.
fn append(item: Item) -> TimelineAppend {
    TimelineAppend {
        timeline: Timeline::User(Arc::new(Account {
            app: AppId::new("app").unwrap(),
            user: UserId::new("alice").unwrap(),
        })),
        first: Seq::new(1).unwrap(),
        items: vec![Arc::new(item)],
    }
}

fn message() -> Item {
    Item::Message(Message {
        msg_id: MsgId::new(1).unwrap(),
        client_msg_id: ClientMsgId::new("m1").unwrap(),
        sender: UserId::new("alice").unwrap(),
        conv: ConvId::new("dm:alice:bob").unwrap(),
        conv_seq: ConvSeq::new(1).unwrap(),
        kind: Kind::text(),
        body: "hello".to_owned(),
        priority: Priority::Normal,
        created_us: Micros::ZERO,
        expires_us: None,
        recalled: false,
        key: None,
        replaces: None,
        replaced: false,
        business: None,
        mentions: Vec::new(),
        edited_us: None,
    })
}

fn failed() -> Result<bool, StoreError> {
    Err(StoreError::Failed("no disk".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn ages_at_once_step_by_step_and_again_after_a_while() {
    let script = Script::of([(1, Ok(true)), (40, Ok(true)), (0, Ok(false)), (0, Ok(true))]);
    let (stop, task) = ageing(&script);
    sleep(Duration::from_secs(150)).await;
    // Ten milliseconds between steps, but twice the time of a step that took long.
    assert_eq!(script.taken_ms(), [0, 11, 131, 100_131, 100_141]);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failing_database_is_asked_ever_more_rarely_and_never_given_up() {
    let fails = std::iter::repeat_with(|| (0, failed())).take(8);
    let script = Script::of(fails.chain([(0, Ok(true)), (0, failed())]));
    let (stop, task) = ageing(&script);
    sleep(Duration::from_secs(190)).await;
    let seconds = [0, 1, 3, 7, 15, 31, 63, 123];
    let mut expected: Vec<u128> = seconds.map(|s| s * 1_000).into();
    // Then it works, and the next failure is waited for as after the first.
    expected.extend([183_000, 183_010, 184_010]);
    assert_eq!(script.taken_ms(), expected);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn indexes_what_is_left_at_the_start_and_then_what_commits_bring() {
    let script = Script::of([(0, Ok(true)), (0, Ok(false))]);
    let (bell, stop, task) = indexing(&script);
    sleep(Duration::from_millis(1_000)).await;
    assert_eq!(script.taken_ms(), [0, 10]);
    // Ten commits in a row are one.
    for _ in 0..10 {
        bell.committed(&[append(message())], &Told::default());
        sleep(Duration::from_millis(10)).await;
    }
    sleep(Duration::from_millis(1_000)).await;
    assert_eq!(script.taken_ms(), [0, 10, 1_200]);
    // A commit during a step is not forgotten.
    script.answers.lock().unwrap().push_back((50, Ok(false)));
    bell.committed(&[append(message())], &Told::default());
    sleep(Duration::from_millis(220)).await;
    bell.committed(&[append(message())], &Told::default());
    sleep(Duration::from_millis(1_000)).await;
    assert_eq!(script.taken_ms()[3..], [2_300, 2_550]);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_texts_wake_the_indexing() {
    let script = Script::default();
    let (bell, stop, task) = indexing(&script);
    sleep(Duration::from_secs(1)).await;
    bell.committed(
        &[append(Item::Read {
            conv: ConvId::new("dm:alice:bob").unwrap(),
            conv_seq: ConvSeq::new(1).unwrap(),
        })],
        &Told::default(),
    );
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(script.taken_ms(), [0], "idle costs nothing");
    let Item::Message(edited) = message() else {
        unreachable!()
    };
    bell.committed(&[append(Item::Edit(edited))], &Told::default());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(script.taken_ms().len(), 2);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn stops_after_the_step_under_way_and_before_the_next() {
    let script = Script::of([(500, Ok(true)), (0, Ok(true))]);
    let (stop, task) = ageing(&script);
    sleep(Duration::from_millis(100)).await;
    stop.cancel();
    let began = Instant::now();
    task.await.unwrap();
    assert_eq!(began.elapsed().as_millis(), 400, "the step was finished");
    assert_eq!(script.taken_ms(), [0]);
}
