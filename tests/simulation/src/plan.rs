//! What a scenario does, as data: who there is, and a timed list of what they do and what goes
//! wrong. A plan that is run again does the same again.

use serde::{Deserialize, Serialize};

/// A scenario. Files in `plans/` are these, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Why it is kept, in a line; empty for those that were made from a seed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Where delays and ids come from.
    pub seed: u64,
    /// Who and what there is.
    pub setup: Setup,
    /// What happens, by time.
    pub steps: Vec<Step>,
}

/// Who and what there is from the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The user of each device.
    pub devices: Vec<User>,
    /// Groups, then channels, by their members; the first one owns it.
    #[serde(default)]
    pub groups: Vec<Vec<User>>,
    /// As `groups`.
    #[serde(default)]
    pub channels: Vec<Vec<User>>,
    /// From how many members on a group has a timeline of its own.
    pub crowd_members_min: u32,
    /// From then on nothing goes wrong, and everything has to converge.
    pub heal_at_ms: u64,
    /// How long a commit takes, at most.
    pub commit_ms: u64,
    /// One way of a frame, at most.
    pub latency_ms: u64,
    /// How long a token is good for.
    pub token_ttl_ms: u64,
    /// How long timeline entries are kept.
    pub sync_ttl_ms: u64,
    /// How often the relay looks for new broadcasts.
    pub public_poll_ms: u64,
    /// How many messages the app's server sends at one moment once all is well: those who are
    /// connected are told at once.
    #[serde(default)]
    pub coda: u16,
}

/// A user, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct User(pub u8);

/// A device, by its place in [`Setup::devices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Device(pub u8);

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// To a user.
    User(User),
    /// To one of [`Setup::groups`].
    Group(u8),
    /// To one of [`Setup::channels`].
    Channel(u8),
}

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, since the beginning.
    pub at_ms: u64,
    /// What.
    pub action: Action,
}

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To the relay.
    Up,
    /// To the device.
    Down,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A device sends a message.
    Send {
        /// Which.
        device: Device,
        /// To whom.
        to: To,
    },
    /// A server or a second client sends over HTTP what a device sent over its socket just now,
    /// under the same id.
    SendTwin {
        /// Whose newest message.
        device: Device,
    },
    /// The app's server sends in the name of a user.
    ServerSend {
        /// In whose.
        user: User,
        /// To whom.
        to: To,
    },
    /// A device sends its newest message that was refused once more.
    Retry {
        /// Which.
        device: Device,
    },
    /// A device takes its newest stored message back.
    Recall {
        /// Which.
        device: Device,
    },
    /// A device edits its newest stored message.
    Edit {
        /// Which.
        device: Device,
    },
    /// A device's user has read the newest message that it shows.
    Read {
        /// Which.
        device: Device,
    },
    /// A user deletes, for herself, the newest message that a device shows.
    Delete {
        /// Which.
        device: Device,
    },
    /// A device's user joins a channel, or leaves it.
    Follow {
        /// Which.
        device: Device,
        /// One of [`Setup::channels`].
        channel: u8,
    },
    /// The app's server takes users into a group.
    Invite {
        /// One of [`Setup::groups`].
        group: u8,
        /// Whom.
        users: Vec<User>,
    },
    /// The app's server sends a user away from a group.
    Remove {
        /// One of [`Setup::groups`].
        group: u8,
        /// Whom.
        user: User,
    },
    /// An operator does something with a broadcast.
    Broadcast(Broadcast),
    /// An operator puts a user on the allow-list, or takes her off.
    AllowList {
        /// Whom.
        user: User,
        /// Which of the two.
        is_on: bool,
    },
    /// The app connects.
    Connect {
        /// On which device.
        device: Device,
    },
    /// The app disconnects.
    Disconnect {
        /// On which device.
        device: Device,
    },
    /// The app goes to the background, or comes back.
    Background {
        /// On which device.
        device: Device,
        /// Which way.
        is_background: bool,
    },
    /// Something goes wrong.
    Fault(Fault),
}

/// What an operator does; where it is about a broadcast, about the one that was made so many
/// (`back`, beginning anew where there are fewer) before the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "`back` is said above")]
pub enum Broadcast {
    /// Makes one.
    Draft,
    /// Makes one for those on the allow-list.
    DraftForListed,
    /// Shows it to so many of a hundred users.
    Stage { back: u8, percent: u8 },
    /// Shows it to everyone, and tells those who are connected, within so long.
    Publish { back: u8, wave_ms: Option<u64> },
    /// Changes its text.
    Edit { back: u8 },
    /// Shows it to nobody else.
    Stop { back: u8 },
    /// Takes it back.
    Recall { back: u8 },
    /// Removes it.
    Delete { back: u8 },
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A connection is cut after so many more frames of one way.
    Cut {
        /// Of which device.
        device: Device,
        /// Which way the frames go.
        way: Way,
        /// So many of them pass.
        frames: u8,
        /// What is on its way to the relay still arrives, so much later: maybe after the
        /// device is connected anew. Lost, if absent.
        late_ms: Option<u64>,
    },
    /// From now on, frames of one way vanish, and nobody is told.
    HalfOpen {
        /// Of which device.
        device: Device,
        /// Which way.
        way: Way,
    },
    /// Nothing moves for a while; then all of it comes.
    Stall {
        /// Of which device.
        device: Device,
        /// How long.
        for_ms: u64,
    },
    /// A device takes a frame only so often, from now on and until it reconnects.
    SlowReader {
        /// Which.
        device: Device,
        /// A frame in so long.
        frame_ms: u64,
    },
    /// A device that is offline, as its host knows, for a while.
    Offline {
        /// Which.
        device: Device,
        /// How long.
        for_ms: u64,
    },
    /// A device sleeps: nothing in it moves.
    Suspend {
        /// Which.
        device: Device,
        /// How long.
        for_ms: u64,
        /// Whether its clock of deadlines stands still.
        #[serde(default)]
        clock_stops: bool,
    },
    /// A device's process ends, and starts again.
    Restart {
        /// Which.
        device: Device,
        /// Whether the write to its store that is under way is done.
        keeps_write: bool,
    },
    /// The app is opened a second time on the same device and store: another tab. The first
    /// one's session ends, and stays ended.
    SecondTab {
        /// On which device.
        device: Device,
    },
    /// The app's handler fails after so many events of the next delivery.
    HandlerFails {
        /// On which device.
        device: Device,
        /// After so many.
        after: u8,
    },
    /// The next write to a device's store fails.
    DeviceStoreFails {
        /// On which device.
        device: Device,
    },
    /// A device's calendar is set.
    DeviceClock {
        /// Which.
        device: Device,
        /// By so much.
        by_ms: i64,
    },
    /// The next time that a token is asked for there is none.
    TokenFails {
        /// On which device.
        device: Device,
    },
    /// The relay's process is killed, and started again after a while.
    Crash {
        /// After so long.
        down_ms: u64,
    },
    /// As [`Crash`](Self::Crash), at a commit.
    CrashAtCommit {
        /// So many commits from now.
        commits: u8,
        /// Whether that one is done.
        is_done: bool,
        /// After so long.
        down_ms: u64,
    },
    /// The relay is told to stop, and started again after a while.
    Drain {
        /// After so long.
        down_ms: u64,
    },
    /// The next commits fail.
    CommitsFail {
        /// So many.
        commits: u8,
        /// Whether they are done all the same: the database was lost before it could say so.
        /// Plans from seeds have none of these: one relay alone learns of such a commit with the
        /// next one, or when a device connects.
        #[serde(default)]
        is_done: bool,
    },
    /// The next reads of the database fail.
    ReadsFail {
        /// So many.
        reads: u8,
    },
    /// The database takes longer for everything, for a while.
    SlowStore {
        /// So much.
        by_ms: u64,
        /// How long.
        for_ms: u64,
    },
    /// The relay's calendar is set.
    RelayClock {
        /// By so much.
        by_ms: i64,
    },
    /// The relay starts again with another numbering, as after a restore of the database.
    NewEpoch {
        /// After so long.
        down_ms: u64,
    },
}

impl Plan {
    /// How many users there are.
    #[must_use]
    pub fn users(&self) -> u8 {
        let setup = &self.setup;
        let members = setup.groups.iter().chain(&setup.channels).flatten();
        let all = setup.devices.iter().chain(members);
        all.map(|user| user.0 + 1).max().unwrap_or(0)
    }
}
