//! In virtual time: who is told when.

use seqline_protocol::{DeviceId, Label, UserId};
use tokio::time::{Instant, sleep};

use super::*;
use crate::{
    account::Account,
    broadcasts::reach::ReachSource as _,
    clock::VirtualClock,
    hub::Membership,
    session::{DevicePolicy, Event},
};

const ID: BroadcastId = BroadcastId::saturating(7);

struct Room {
    hub: Arc<Hub>,
    clock: Arc<VirtualClock>,
    waves: Arc<Waves>,
    members: Vec<Membership>,
}

impl Room {
    fn new() -> Self {
        let hub = Arc::new(Hub::default());
        let clock = Arc::new(VirtualClock::start());
        Self {
            waves: waves_of(&hub, &clock),
            hub,
            clock,
            members: Vec::new(),
        }
    }

    fn with(users: usize) -> Self {
        let mut room = Self::new();
        for number in 0..users {
            room.join("app", &format!("user-{number}"), "phone");
        }
        room
    }

    fn join(&mut self, app: &str, user: &str, device: &str) {
        let mut member = self.hub.join();
        let account = Arc::new(Account {
            app: AppId::new(app).unwrap(),
            user: UserId::new(user).unwrap(),
        });
        let platform = Label::new("phone").unwrap();
        let device = DeviceId::new(device).unwrap();
        member.list(account, device, platform, DevicePolicy::Any);
        self.members.push(member);
    }

    fn now_ms(&self) -> u64 {
        self.clock.now().wall.get() / 1000
    }

    fn see(&self, waves: &[SeenWave]) {
        self.waves.see(waves);
    }

    /// How often each session was told since last asked.
    fn told(&self) -> Vec<usize> {
        let members = self.members.iter();
        members.map(|one| told(one).len()).collect()
    }

    /// When each session was told, looked at every 50 ms until all waves are over.
    async fn until_over(&self) -> Vec<Vec<u64>> {
        let mut when = vec![Vec::new(); self.members.len()];
        loop {
            for (told, when) in self.told().into_iter().zip(&mut when) {
                when.extend(std::iter::repeat_n(self.now_ms(), told));
            }
            if self.is_over() {
                return when;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn is_over(&self) -> bool {
        let known = self.waves.known();
        let mut all = known.values();
        all.all(|one| matches!(one.stage, Stage::Over))
    }

    fn progress(&self) -> WaveProgress {
        let known = self.waves.known();
        known.get(&ID).unwrap().progress.get()
    }
}

fn waves_of(hub: &Arc<Hub>, clock: &Arc<VirtualClock>) -> Arc<Waves> {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let (hub, counters) = (Arc::clone(hub), Arc::default());
    Arc::new(Waves::new("node".to_owned(), hub, clock, counters))
}

fn told(member: &Membership) -> Vec<Arc<WaveNotice>> {
    let mail = member.mailbox().take();
    mail.into_iter()
        .map(|event| match event {
            Event::Wave(notice) => notice,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn wave(broadcast: BroadcastId, starts_ms: u64, window_ms: u64) -> SeenWave {
    SeenWave {
        app: AppId::new("app").unwrap(),
        broadcast,
        wave: Wave {
            starts_us: Micros::saturating(starts_ms * 1000),
            window_ms,
        },
        pub_head: PubSeq::saturating(3),
    }
}

/// How many were told in each second.
fn by_second(when: &[Vec<u64>], seconds: usize) -> Vec<usize> {
    let mut counts = vec![0; seconds];
    for ms in when.iter().flatten() {
        counts[usize::try_from(*ms / 1000).unwrap().min(seconds - 1)] += 1;
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn everyone_is_told_once_evenly_over_the_window() {
    let mut room = Room::with(3_000);
    room.join("other", "user-1", "phone");
    let stranger = room.members.pop().unwrap();
    room.see(&[wave(ID, 0, 10_000)]);
    let when = room.until_over().await;
    assert!(when.iter().all(|one| one.len() == 1));
    assert!(told(&stranger).is_empty(), "of another app");
    for count in by_second(&when, 10) {
        // 300 are expected; the hash scatters by about 17.
        assert!((230..370).contains(&count), "{count} in one second");
    }
    assert!(room.now_ms() <= 10_200);
    let progress = room.progress();
    assert_eq!((progress.connected, progress.told), (3_000, 3_000));
}

#[tokio::test(start_paused = true)]
async fn the_devices_of_a_user_are_told_together() {
    let mut room = Room::new();
    for number in 0..100 {
        for device in ["phone", "tablet"] {
            room.join("app", &format!("user-{number}"), device);
        }
    }
    room.see(&[wave(ID, 0, 10_000)]);
    let when = room.until_over().await;
    assert!(when.chunks(2).all(|devices| devices[0] == devices[1]));
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_learns_of_it_late_spreads_whom_it_missed_over_the_rest() {
    let room = Room::with(2_000);
    sleep(Duration::from_secs(5)).await;
    room.see(&[wave(ID, 0, 10_000)]);
    let when = room.until_over().await;
    assert!(when.iter().all(|one| one.len() == 1));
    let seconds = by_second(&when, 10);
    assert_eq!(seconds[..5], [0; 5]);
    for count in &seconds[5..] {
        assert!((330..470).contains(count), "{seconds:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_was_cut_off_tells_a_wave_that_just_ended() {
    let room = Room::with(500);
    sleep(Duration::from_secs(20)).await;
    room.see(&[wave(ID, 0, 10_000)]);
    let began = room.now_ms();
    let when = room.until_over().await;
    assert!(when.iter().all(|one| one.len() == 1));
    assert!(room.now_ms() - began >= 900, "not all at once");
    // And one that ended long ago is over.
    sleep(Duration::from_secs(100)).await;
    room.see(&[wave(BroadcastId::saturating(8), 0, 10_000)]);
    assert!(room.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_wave_waits_for_its_time() {
    let room = Room::with(100);
    room.see(&[wave(ID, 60_000, 1_000)]);
    let when = room.until_over().await;
    let first = when.iter().flatten().min().unwrap();
    assert!(*first >= 60_000);
}

#[tokio::test(start_paused = true)]
async fn several_waves_run_beside_each_other() {
    let room = Room::with(500);
    let waves = [
        wave(ID, 0, 5_000),
        wave(BroadcastId::saturating(8), 0, 9_000),
    ];
    room.see(&waves);
    let when = room.until_over().await;
    let told: usize = when.iter().map(Vec::len).sum();
    // Of two that come between two looks, one is enough.
    assert!((980..=1_000).contains(&told), "{told}");
    let known = room.waves.known();
    assert!(known.values().all(|one| one.progress.get().told == 500));
}

#[tokio::test(start_paused = true)]
async fn the_same_snapshot_again_changes_nothing_and_a_new_wave_tells_again() {
    let room = Room::with(200);
    room.see(&[wave(ID, 0, 2_000)]);
    sleep(Duration::from_millis(1_000)).await;
    room.see(&[wave(ID, 0, 2_000)]);
    let when = room.until_over().await;
    assert!(when.iter().all(|one| one.len() == 1));
    room.see(&[wave(ID, 0, 2_000)]);
    assert!(room.is_over(), "it is over");
    room.see(&[wave(ID, room.now_ms(), 2_000)]);
    let again = room.until_over().await;
    assert!(again.iter().all(|one| one.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn a_wave_ends_when_its_broadcast_is_stopped() {
    let room = Room::with(1_000);
    room.see(&[wave(ID, 0, 10_000)]);
    sleep(Duration::from_millis(5_000)).await;
    room.see(&[]);
    sleep(Duration::from_secs(20)).await;
    let told: usize = room.told().into_iter().sum();
    assert!((400..600).contains(&told), "{told}");
    assert_eq!(room.progress().told, told as u64);
    assert_eq!(room.progress().connected, 1_000);
}

#[tokio::test(start_paused = true)]
async fn who_connects_meanwhile_is_not_told_and_who_leaves_is_not_counted() {
    let mut room = Room::with(1_000);
    room.see(&[wave(ID, 0, 10_000)]);
    sleep(Duration::from_millis(500)).await;
    room.join("app", "late", "phone");
    room.members.truncate(1_001);
    let gone: Vec<_> = room.members.drain(..500).collect();
    let told_before = gone.iter().map(|one| told(one).len()).sum::<usize>();
    drop(gone);
    let when = room.until_over().await;
    assert!(when.last().unwrap().is_empty(), "`welcome` tells it");
    assert_eq!(room.progress().told, 500 + told_before as u64);
}

#[tokio::test(start_paused = true)]
async fn pulls_are_counted_once_for_each_session_that_was_told() {
    let room = Room::with(10);
    room.see(&[wave(ID, 0, 1_000)]);
    sleep(Duration::from_secs(2)).await;
    let notices: Vec<_> = room.members.iter().flat_map(told).collect();
    assert_eq!(notices[0].pub_head(), PubSeq::saturating(3));
    for notice in &notices[..4] {
        notice.pulled();
    }
    assert_eq!(room.progress().pulled, 4);
    let rows = room.waves.take_changed();
    assert_eq!(rows.len(), 1);
    assert!(room.waves.take_changed().is_empty(), "written once");
    room.waves.give_back(&rows);
    assert_eq!(room.waves.take_changed(), rows, "unless that failed");
}

#[tokio::test(start_paused = true)]
async fn each_step_is_bounded() {
    let room = Room::with(3 * WAVE_STEP_SESSIONS);
    // All are due at once: they are told in steps all the same.
    let mut one = Known {
        seen: wave(ID, 0, 0),
        progress: Arc::default(),
        stage: Stage::Waiting,
    };
    let began = Instant::now();
    sleep(Duration::from_millis(1)).await;
    let mut steps = 0;
    let counters = Arc::default();
    loop {
        let now = Now {
            wall: Micros::saturating(2_000_000),
            uptime: began.elapsed(),
        };
        let wait = one.step(now, &room.hub, &counters);
        let told: usize = room.told().into_iter().sum();
        assert!(told <= WAVE_STEP_SESSIONS, "{told} in one step");
        steps += 1;
        if wait.is_none() {
            break;
        }
        // Learned of late: it is spread over a second, which has passed by then.
        if let Stage::Telling { moments, .. } = &mut one.stage {
            for moment in moments.iter_mut() {
                moment.at = Micros::ZERO;
            }
        }
    }
    assert!(steps >= 6, "{steps}");
    assert_eq!(one.progress.get().told, 3 * WAVE_STEP_SESSIONS as u64);
}
