//! Bounds that only the relay knows; those of the wire are in `seqline_protocol::limits`.
//!
//! Each says what happens when it is reached.

pub use seqline_protocol::limits::BROADCASTS_MAX;
use seqline_protocol::limits::FRAME_BYTES_MAX;

use crate::traffic::Rate;

/// Users on an app's allow-list. No more can be added.
pub const ALLOW_LIST_MAX: usize = 10_000;

/// Broadcasts that one operation marks as seen. More are refused.
pub const SEEN_MAX: usize = 100;

/// Shortest window of a wave, in milliseconds. A shorter one is refused as `field_invalid`.
pub const WAVE_WINDOW_MS_MIN: u64 = 100;

/// Longest window of a wave, in milliseconds. A longer one is refused as `field_invalid`.
pub const WAVE_WINDOW_MS_MAX: u64 = 86_400_000;

/// Segments that a token may name. A token with more is refused.
pub const SEGMENTS_MAX: usize = 32;

/// Attributes that a token may carry. A token with more is refused.
pub const ATTRIBUTES_MAX: usize = 16;

/// Longest value of an attribute, in bytes. A token with a longer one is refused; one from
/// elsewhere is cut off.
pub const ATTRIBUTE_BYTES_MAX: usize = 256;

/// Placeholders of one broadcast. More are refused as `field_invalid`. With the longest values,
/// the text still fits a frame.
pub const PLACEHOLDERS_MAX: usize = 16;

/// Hosts, and segments, that a broadcast is for. More are refused as `field_invalid`.
pub const AUDIENCE_NAMES_MAX: usize = 32;

/// Broadcasts whose reach one relay counts at a time, each in at most 8 KiB and what its hours
/// take. Those that nobody was handed for longest make room; as long as all have counts that
/// are not written yet, further ones are not counted.
pub const REACH_BROADCASTS_MAX: usize = 1024;

/// Sketches of an hour and a host that one relay holds, of at most 1 KiB each, until they are
/// written. Beyond that, only the totals count.
pub const REACH_HOURLY_MAX: usize = 4096;

/// Hosts that the reach of a broadcast is told apart by; those after them are `other`.
pub const REACH_HOSTS_MAX: usize = 8;

/// Hours of which the reach of a broadcast is kept: a week. Older ones are written over.
pub const REACH_HOURS_KEPT: u64 = 168;

/// Sketches that are written at a time; the next ones follow at once.
pub const REACH_ROWS_PER_WRITE: usize = 256;

/// Between two looks at whom a wave is to tell, in milliseconds.
pub const WAVE_TICK_MS: u64 = 100;

/// Sessions that are listed or told without letting go of a lock; others go on in between.
pub const WAVE_STEP_SESSIONS: usize = 512;

/// For how long a wave that has ended is still told to those whom it missed, because this
/// relay learned of it too late, in milliseconds.
pub const WAVE_LATE_MS: u64 = 60_000;

/// The time over which a wave that comes late is spread at least, in milliseconds.
pub const WAVE_REST_MS: u64 = 1_000;

/// For how long the progress of a wave is known after its end, in milliseconds. Pulls are
/// counted until then.
pub const WAVE_KNOWN_MS: u64 = 3_600_000;

/// Waves that one relay knows at a time. Further ones are not told; their broadcasts are
/// pulled when devices ask by themselves.
pub const WAVES_MAX: usize = 256;

/// Questions about users' attributes that an app's server is asked at a time. Further ones wait
/// for their turn, and their time runs.
pub const LOOKUPS_MAX: usize = 64;

/// Those that wait for their turn. For further users the texts' defaults hold.
pub const LOOKUPS_WAITING_MAX: usize = 1_024;

/// Time that an app's server has to answer about a user's attributes, in milliseconds, unless
/// configured otherwise. Then the texts' defaults hold.
pub const LOOKUP_TIMEOUT_MS_DEFAULT: u64 = 500;

/// The same at most: a device waits for its first page.
pub const LOOKUP_TIMEOUT_MS_MAX: u64 = 5_000;

/// After a question that was not answered, the user is not asked about for so long, in
/// milliseconds.
pub const LOOKUP_RETRY_MS: u64 = 30_000;

/// Memory for users' attributes, in bytes, about. Those that were needed longest ago are
/// forgotten, and asked for again.
pub const LOOKUP_CACHE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Hints that wait to be told to other relays. Beyond that they are told to look for themselves.
pub const BUS_HINTS_WAITING_MAX: usize = 16 * 1024;

/// What relays ask of a bus that sorts by topic: connected and watched users, large conversations,
/// rooms. Of further ones they learn by sweeps alone, and further rooms are each relay's own.
pub const BUS_TOPICS_MAX: usize = 200_000;

/// Watched users among them. Of further ones relays learn by sweeps alone.
pub const BUS_TOPICS_WATCHED_MAX: usize = 50_000;

/// Relays that are told apart. Counts of rooms on further ones are passed over.
pub const FLEET_RELAYS_MAX: usize = 1_024;

/// How often a relay says in the database that it is there at least, in milliseconds. It counts
/// as there for four times as long, and its devices as connected.
pub const RELAY_BEAT_MS_MAX: u64 = 5_000;

/// For how long it counts as there at least, however often it says so, in milliseconds.
pub const RELAY_LEASE_MS_MIN: u64 = 2_000;

/// Longest wait before a relay that was cut off from the bus tries again, in milliseconds.
pub const BUS_RETRY_MS_MAX: u64 = 5_000;

/// Topics that are begun and ended at a time.
pub const BUS_TOPICS_STEP: usize = 1_000;

/// How often a relay compares what its sessions know with the database, unless configured
/// otherwise, in milliseconds.
pub const SWEEP_INTERVAL_MS: u64 = 5_000;

/// The least that can be configured for that: less is asking all the time.
pub const SWEEP_INTERVAL_MS_MIN: u64 = 50;

/// The most.
pub const SWEEP_INTERVAL_MS_MAX: u64 = 300_000;

/// Sessions that one statement of a sweep compares.
pub const SWEEP_STEP_SESSIONS: usize = 1_000;

/// Users whose large conversations wait to be read anew. Beyond that, a sweep looks for them.
pub const REFOLLOW_WAITING_MAX: usize = 10_000;

/// A session whose number takes longer than this is refused as `overloaded`, in milliseconds:
/// its device may have connected elsewhere meanwhile.
pub const SESSION_NUMBER_WAIT_MS: u64 = 5_000;

/// Log-ins that are under way at a time on SQLite, unless configured otherwise: what four commits
/// take. Further ones wait in line.
pub const LOGINS_UNDER_WAY_MAX: u32 = 4096;

/// The same on PostgreSQL, where each log-in asks more of a database that is farther away: what one
/// commit takes.
pub const LOGINS_UNDER_WAY_SHARED_MAX: u32 = 1024;

/// Log-ins that wait in line. Further ones are refused as `overloaded`, with when to come again.
pub const LOGINS_WAITING_MAX: u32 = 100_000;

/// How long a log-in waits in line, in milliseconds. One that would wait longer is refused as
/// `overloaded`: its client waits 10 s for all that it takes to connect.
pub const LOGIN_LINE_WAIT_MS: u64 = 3_000;

/// A log-in that was welcomed, and is not noted by the database after so long, in milliseconds,
/// makes way for the next one: devices read on while nothing can be written.
pub const LOGIN_NOTE_WAIT_MS: u64 = 1_000;

/// The shortest time after which a log-in that was refused is told to come again, in milliseconds.
pub const LOGIN_RETRY_MS_MIN: u64 = 500;

/// The longest one, in milliseconds. Those beyond it are spread over its second half.
pub const LOGIN_RETRY_MS_MAX: u64 = 60_000;

/// Operations that wait for the writer. A connection that would add one more waits,
/// and is not read from while it does.
pub const WRITER_QUEUE_MAX: usize = 8 * 1024;

/// Operations of one commit. Further ones wait for the next.
pub const BATCH_OPS_MAX: usize = 1024;

/// Bytes of message bodies of one commit. Further operations wait for the next.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Timeline entries that one `ack` makes the writer look at. The rest is done in the next commit.
pub const DELIVERED_SPAN_MAX: u64 = 2 * 1024;

/// Pushes that wait for a session. Further ones are dropped; the session announces
/// the head, and the device pulls.
pub const MAILBOX_PUSHES_MAX: usize = 64;

/// Notices (presence, batches of rooms) that wait for a session. Further ones are dropped.
pub const MAILBOX_NOTICES_MAX: usize = 16;

/// Frames that wait for a socket before notices for it are dropped.
pub const OUTGOING_NOTICE_FRAMES_MAX: usize = 16;

/// Frames that wait for a socket before the session counts as slow: it is pushed
/// nothing more, and is not read from.
pub const OUTGOING_FRAMES_MAX: usize = 256;

/// The same in bytes.
pub const OUTGOING_BYTES_MAX: usize = 4 * FRAME_BYTES_MAX;

/// Requests of a connection that wait for their read. It is not read from while there are as many.
pub const READS_WAITING_MAX: usize = 16;

/// Names and members that the SQLite writer remembers. All are forgotten when there would be more.
pub const ROWS_CACHED_MAX: usize = 500_000;

/// Frame bytes that are left for what surrounds the entries of a page.
pub const FRAME_HEADROOM_BYTES: usize = 1024;

/// A socket's read buffer. Small, since most connections are idle most of the time.
pub const SOCKET_READ_BUFFER_BYTES: usize = 1024;

/// Bytes that a socket gathers before it writes.
pub const SOCKET_WRITE_BUFFER_BYTES: usize = 4 * 1024;

/// A connection gives back what its buffers and queues hold so long after it was used, in
/// milliseconds.
pub const SHRINK_AFTER_MS: u64 = 2_000;

/// Time to finish the closing handshake before the socket is dropped, in milliseconds.
pub const CLOSE_WAIT_MS: u64 = 2_000;

/// Time for the first frame, in milliseconds. Then `hello_timeout`.
pub const HELLO_WAIT_MS: u64 = 10_000;

/// Bytes of an `X-Request-Id` that a caller gives; in place of a longer one the relay draws its own.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Time for the headers of a request, in milliseconds, and for the next request of a connection:
/// then it is closed.
pub const HEADER_WAIT_MS: u64 = 10_000;

/// Bytes of a request's line and headers. More are answered 431, and so are more than 100 headers.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Bytes of a request that are read ahead of what takes them in. Then the peer waits.
pub const REQUEST_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// For how long a peer may read nothing of what is written to it, in milliseconds. Then it is cut
/// off.
pub const WRITE_STALL_MS: u64 = 60_000;

/// Connections that have not said `hello`, those of requests over HTTP among them, unless
/// configured otherwise. Further ones are answered 503.
pub const VISITORS_MAX: usize = 20_000;

/// Those of one address, unless configured otherwise. Further ones are answered 503.
pub const VISITORS_PER_ADDRESS_MAX: usize = 1_000;

/// Sessions of one address at a time, unless configured otherwise. Further ones are refused as
/// `rate_limited`. Many users may share an address, behind a company's or a carrier's router.
pub const SESSIONS_PER_ADDRESS_MAX: usize = 10_000;

/// Devices of one user that are connected at a time, unless configured otherwise. Further ones are
/// refused as `rate_limited`.
pub const SESSIONS_PER_USER_MAX: usize = 100;

/// `hello`s of one address, unless configured otherwise. Further ones are refused as
/// `rate_limited`.
pub const LOGINS_PER_ADDRESS: Rate = Rate::per_second(100, 2_000);

/// Bad tokens of one address, unless configured otherwise. Then no token from there is looked at
/// for a while: `rate_limited`.
pub const FAILED_LOGINS_PER_ADDRESS: Rate = Rate::per_second(1, 100);

/// Requests over HTTP of one address, unless configured otherwise. Further ones are answered 429.
pub const REQUESTS_PER_ADDRESS: Rate = Rate::per_second(500, 5_000);

/// Messages of one user, unless configured otherwise: more than several devices have written
/// during an outage. Further ones end the connection as `rate_limited`, and are sent again.
pub const SENDS_PER_USER: Rate = Rate::per_second(200, 5_000);

/// Calls of methods of one user, unless configured otherwise. Further ones end the connection as
/// `rate_limited`, or are answered 429.
pub const CALLS_PER_USER: Rate = Rate::per_second(50, 1_000);

/// Calls of one user that join a room, a group or a channel, unless configured otherwise. Further
/// ones end the connection as `rate_limited`, or are answered 429.
pub const JOINS_PER_USER: Rate = Rate::per_second(5, 200);

/// What one user says that is not stored, unless configured otherwise. More of it is lost.
pub const EPHEMERALS_PER_USER: Rate = Rate::per_second(50, 500);

/// Frames of one connection, WebSocket pings among them, unless configured otherwise. Further ones
/// end it as `rate_limited`.
pub const FRAMES_PER_CONNECTION: Rate = Rate::per_second(1_000, 20_000);

/// Addresses, or users, that one limit of rate counts at a time. Those who come new beyond that are
/// not counted.
pub const BUCKETS_MAX: usize = 200_000;

/// So many are kept before it is looked which need not be.
pub const BUCKETS_SWEEP_MIN: usize = 1_024;

/// How long a peer that is still writing is heard out once the relay has ended the connection, in
/// milliseconds, so that it sees why. Then it is cut off.
pub const LINGER_MS: u64 = 2_000;

/// The same in bytes.
pub const LINGER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Peers that are heard out at a time. Further ones are cut off at once.
pub const LINGERING_MAX: usize = 256;

/// Shortest app secret, in bytes: what HS256 asks for. A shorter one is refused at start.
pub const SECRET_BYTES_MIN: usize = 32;

/// So long before its `nbf` a token is taken, in milliseconds: clocks differ. Earlier, `token_invalid`.
pub const TOKEN_EARLY_MS_MAX: u64 = 60_000;

/// Silence that is forgiven beyond a heartbeat interval and another one, in milliseconds.
/// Then `heartbeat_timeout`.
pub const PATIENCE_MARGIN_MS: u64 = 10_000;

/// How much of that other interval is forgiven at most, in milliseconds: it makes up for a
/// ping that was lost or late, and neither takes longer where intervals are long.
pub const PATIENCE_SECOND_INTERVAL_MS_MAX: u64 = 60_000;

/// Silence that is forgiven a device in the background, whose timers are throttled to
/// once a minute, in milliseconds. Then `heartbeat_timeout`.
pub const BACKGROUND_PATIENCE_MS: u64 = 180_000;

/// How much of a frame over the limit is read in order to answer it. A larger one ends
/// the connection as soon as its length is seen.
pub const OVERSIZE_READ_BYTES: usize = 4 * FRAME_BYTES_MAX;

/// Members from which a group has a timeline of its own, unless configured otherwise.
pub const CROWD_MEMBERS_MIN: u32 = 500;

/// Members of a group at most, unless configured otherwise.
pub const GROUP_MEMBERS_MAX: u32 = 100_000;

/// Members up to which read receipts of a group are told at once, unless configured otherwise.
pub const RECEIPT_MEMBERS_MAX: u32 = 100;

/// Senders of a group that one read mark tells at most; the others ask.
pub const RECEIPT_SENDERS_MAX: usize = 50;

/// Rows that one step of ageing removes, so that writers in between hardly wait.
pub const AGE_STEP_ROWS: usize = 5_000;

/// Users that one step of ageing looks at.
pub const AGE_STEP_USERS: usize = 1_000;

/// Messages that one step of indexing takes in.
pub const INDEX_STEP_MESSAGES: usize = 500;

/// Longest text of a search, in bytes. A longer one is refused as `field_invalid`.
pub const SEARCH_TEXT_BYTES_MAX: usize = 256;

/// Devices that are remembered of one user; the one that was seen longest ago is forgotten first.
pub const DEVICES_PER_USER_MAX: usize = 100;

/// Calls of methods that one connection has under way. It is not read from while there are as many.
pub const CALLS_PENDING_MAX: usize = 8;

/// Parameters of a call, in bytes. Larger ones are refused as `field_invalid`.
pub const CALL_PARAMS_BYTES_MAX: usize = 48 * 1024;

/// Time that an app's server has to answer about a message before it is stored, in
/// milliseconds, unless configured otherwise. Then the app's `check_default` holds.
pub const CHECK_TIMEOUT_MS_DEFAULT: u64 = 500;

/// The same at most: a sender waits for it.
pub const CHECK_TIMEOUT_MS_MAX: u64 = 10_000;

/// Checks of one app under way. Further ones wait, and their time runs.
pub const CHECKS_MAX: usize = 256;

/// Webhooks of one app under way. Further ones wait in the database.
pub const WEBHOOKS_MAX: usize = 32;

/// Time for one delivery of a webhook, in milliseconds. Then it has failed.
pub const WEBHOOK_TIMEOUT_MS: u64 = 10_000;

/// Bytes that are read of what an app's server answers. A longer answer has failed.
pub const CALLOUT_ANSWER_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// Bytes of a request over HTTP. A larger one is refused as `frame_too_large`.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// How many times the limit of a request is read in order to answer one over it. A larger one
/// is cut off.
pub const OVERSIZE_REQUEST_READ_FACTOR: usize = 4;

/// How long a poll waits for something to answer with at most, in milliseconds, unless configured
/// otherwise: less than what proxies usually allow a request.
pub const POLL_WAIT_MS: u32 = 25_000;

/// The least that can be configured for that: waiting less is asking all the time.
pub const POLL_WAIT_MS_MIN: u32 = 1_000;

/// The most.
pub const POLL_WAIT_MS_MAX: u32 = 120_000;

/// A connection whose device polls no more ends after so long, in milliseconds.
pub const POLL_IDLE_MS: u64 = 30_000;

/// Requests of one connection that wait to be looked at. More wait to come in.
pub const POLL_ASKS_MAX: usize = 4;

/// Frames of one answer to a poll. The rest is in the next one.
pub const POLL_ANSWER_FRAMES_MAX: usize = 256;

/// The same in bytes; one frame is in it whatever its size.
pub const POLL_ANSWER_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// Bytes of one page of messages over HTTP; the next one goes on from there.
pub const RESPONSE_PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of one page of messages over the socket, where the value of a `result` is text
/// inside of a frame, and its quotes and backslashes take two bytes.
pub const RESULT_PAGE_BYTES_MAX: usize = FRAME_BYTES_MAX / 2 - FRAME_HEADROOM_BYTES;

/// Time for the database to answer `/readyz`, in milliseconds. Then it is not ready: whoever
/// watches waits no longer.
pub const READY_WAIT_MS: u64 = 2_000;

/// Time for one request over HTTP, in milliseconds. Then `overloaded`.
pub const REQUEST_WAIT_MS: u64 = 10_000;

/// Recipients of one `messages.batch`. More are refused as `field_invalid`.
pub const BATCH_USERS_MAX: usize = 1_000;

/// Users named in one `users.register` or `users.get`. More are refused as `field_invalid`.
pub const USERS_NAMED_MAX: usize = 1_000;

/// Messages of one page of an export; a higher `limit` is taken as this.
pub const EXPORT_MESSAGES_MAX: usize = 1_000;

/// Readers that `messages.receipts` names.
pub const READERS_NAMED_MAX: usize = 100;

/// How long a room's comments are gathered before they are told, in milliseconds.
pub const ROOM_BATCH_MS: u64 = 150;

/// How soon a room is told that people came or went, in milliseconds, if nothing is said.
pub const ROOM_ONLINE_MS: u64 = 2_000;

/// Comments of one batch of a room. Over it the least important are dropped, and counted.
pub const ROOM_BATCH_COMMENTS_MAX: usize = 40;

/// The same in bytes of senders and bodies; also what those who join are told.
pub const ROOM_BATCH_BYTES_MAX: usize = 16 * 1024;

/// Comments that those who join a room are told. The oldest are forgotten first.
pub const ROOM_RECENT_COMMENTS_MAX: usize = 50;

/// Comments that one session says in a room within [`ROOM_SENDER_WINDOW_MS`]. Further ones
/// are refused as `rate_limited`.
pub const ROOM_SENDER_COMMENTS_MAX: usize = 10;

/// The time that a session's comments are counted in, in milliseconds.
pub const ROOM_SENDER_WINDOW_MS: u64 = 1_000;

/// Rooms that one session is in. Joining more is refused as `conversation_full`.
pub const ROOMS_PER_SESSION_MAX: usize = 16;

/// Rooms in all. Joining a new one is refused as `overloaded`.
pub const ROOMS_MAX: usize = 100_000;

/// Comments of a room that relays tell each other in one hint, in bytes of senders and bodies:
/// what the database carries as one notification has less than 8,000. More are several hints.
pub const ROOM_HINT_BYTES_MAX: usize = 4 * 1024;

/// Users up to which relays tell each other who is in a room, and not only how many: then who is
/// in it on several relays counts once.
pub const ROOM_USERS_NAMED_MAX: usize = 32;

/// How often relays tell each other how many are in a room, in milliseconds, if that has not
/// changed.
pub const ROOM_RENEW_MS: u64 = 20_000;

/// A relay that has said nothing of a room for so long is not counted in it, in milliseconds.
pub const ROOM_FORGET_MS: u64 = 60_000;

/// How long the first one who comes into a room on a relay waits for what other relays know of
/// it, in milliseconds. What comes later is told when it comes.
pub const ROOM_ASK_WAIT_MS: u64 = 200;

/// Users whose presence one session watches. More are refused as `field_invalid`.
pub const PRESENCE_WATCHED_MAX: usize = 200;

/// How often one session is told of presence at most, in milliseconds. Changes in
/// between are gathered.
pub const PRESENCE_INTERVAL_MS: u64 = 1_000;

/// How long it has to look as if a user had gone before that is told, in milliseconds, where
/// there may be other relays: who moves to another one has not gone.
pub const PRESENCE_SETTLE_MS: u64 = 1_000;

/// Users who wait to be looked at in the database. Beyond that, all who are watched are looked at.
pub const PRESENCE_LOOKS_MAX: usize = 10_000;

/// Users that one statement looks at.
pub const PRESENCE_STEP_USERS: usize = 1_000;

/// Watched users who are looked at with each sweep, for what was not hinted at. The next ones
/// follow with the next sweep.
pub const PRESENCE_SWEEP_USERS: usize = 10_000;

/// Members up to which a group is told of its members' typing and the like. In larger
/// ones it is refused as `not_allowed`.
pub const CIRCLE_MEMBERS_MAX: usize = 100;

/// How long it is remembered who belongs to a small group, in milliseconds: as long, who was
/// removed may still learn that others are typing.
pub const CIRCLE_TTL_MS: u64 = 5_000;

/// Groups whose members are remembered for that. All are forgotten when there would be more.
pub const CIRCLES_MAX: usize = 1_000;

/// Names whose keys a PostgreSQL backend remembers. All are forgotten when there would be more.
pub const NAMES_CACHED_MAX: usize = 200_000;

/// Spans that wait for the collector of traces. Further ones are dropped, and counted.
pub const TRACE_SPANS_WAITING_MAX: usize = 4 * 1024;

/// Messages whose trace a later webhook goes on with. The oldest are forgotten first.
pub const TRACES_KNOWN_MAX: usize = 1_024;

/// Traces that one operation of the writer names as those that it worked for, beside its own.
pub const TRACE_LINKS_MAX: usize = 16;

/// Time for one request to the collector of traces, in milliseconds. Then its spans are lost.
pub const TRACE_EXPORT_WAIT_MS: u64 = 5_000;

/// Time for what is left of traces when the relay stops, in milliseconds.
pub const TRACE_FLUSH_WAIT_MS: u64 = 2_000;
