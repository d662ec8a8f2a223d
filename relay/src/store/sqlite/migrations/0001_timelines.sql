-- Names are interned: everything else refers to them by integer, which makes the
-- hot tables and their indexes half the size and twice as fast.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
  app_id INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE
) STRICT;

-- A user, the oldest seq kept of her timeline, and how far some device took everything.
-- The newest seq is not here: it is that of the newest row of `timeline`, or the one
-- before `floor` if none is left, so that no message changes a row of a user.
CREATE TABLE user (
  user_id         INTEGER PRIMARY KEY,
  app_id          INTEGER NOT NULL,
  name            TEXT NOT NULL,
  floor           INTEGER NOT NULL DEFAULT 1,
  delivered       INTEGER NOT NULL DEFAULT 0,
  is_known        INTEGER NOT NULL DEFAULT 0,
  last_seen_us    INTEGER NOT NULL DEFAULT 0,
  shares_presence INTEGER NOT NULL DEFAULT 0,
  crowds          INTEGER NOT NULL DEFAULT 0,
  UNIQUE (app_id, name)
) STRICT;

-- A conversation, as far as messages do not change it: its head, and when it was active
-- last, its newest row of `message` says. `low_id` is the user who comes first in a direct
-- conversation's name. `log_head` and `log_floor` are of the conversation's own timeline, if
-- it is a crowd. What only groups and channels have comes last, where nulls and zeros cost a
-- byte.
CREATE TABLE conversation (
  conv_id      INTEGER PRIMARY KEY,
  app_id       INTEGER NOT NULL,
  name         TEXT NOT NULL,
  state        INTEGER NOT NULL DEFAULT 0,
  created_us   INTEGER NOT NULL DEFAULT 0,
  members      INTEGER NOT NULL DEFAULT 0,
  low_id       INTEGER,
  log_head     INTEGER NOT NULL DEFAULT 0,
  log_floor    INTEGER NOT NULL DEFAULT 1,
  owner_id     INTEGER,
  title        TEXT NOT NULL DEFAULT '',
  announcement TEXT NOT NULL DEFAULT '',
  join_rule    INTEGER NOT NULL DEFAULT 0,
  is_muted     INTEGER NOT NULL DEFAULT 0,
  mentions_all INTEGER NOT NULL DEFAULT 0,
  UNIQUE (app_id, name)
) STRICT;

CREATE TABLE member (
  conv_id        INTEGER NOT NULL,
  user_id        INTEGER NOT NULL,
  role           INTEGER NOT NULL DEFAULT 0,
  joined_us      INTEGER NOT NULL DEFAULT 0,
  read           INTEGER NOT NULL DEFAULT 0,
  own_read       INTEGER NOT NULL DEFAULT 0,
  delivered      INTEGER NOT NULL DEFAULT 0,
  sent           INTEGER NOT NULL DEFAULT 0,
  visible_after  INTEGER NOT NULL DEFAULT 0,
  is_cleared     INTEGER NOT NULL DEFAULT 0,
  muted_until_us INTEGER NOT NULL DEFAULT 0,
  mentioned      INTEGER NOT NULL DEFAULT 0,
  log_after      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conv_id, user_id)
) STRICT, WITHOUT ROWID;

-- Unique, so that a query by both knows that it gets one row, and needs no sorting.
CREATE UNIQUE INDEX member_by_user ON member (user_id, conv_id);

-- The conversation store. `sender_seq` is the position in the timeline that the message
-- went to: a retransmission gets it again. In direct conversations, `low_count` is how many
-- messages up to this one are those of `low_id`; the others are the other user's. That is
-- all that unread counts need:
-- unread = (head - read) - (own messages - own messages up to `read`).
-- What few messages have comes last. Rows are never removed. They lie in the order of their
-- conversation: a page of a timeline or of a history, most of whose messages belong together,
-- then reads few places of the file, however large that is.
CREATE TABLE message (
  msg_id        INTEGER NOT NULL,
  conv_id       INTEGER NOT NULL,
  conv_seq      INTEGER NOT NULL,
  sender_id     INTEGER NOT NULL,
  sender_seq    INTEGER NOT NULL,
  client_msg_id TEXT NOT NULL,
  digest        INTEGER NOT NULL,
  kind          TEXT NOT NULL,
  body          TEXT NOT NULL,
  priority      INTEGER NOT NULL,
  created_us    INTEGER NOT NULL,
  low_count     INTEGER NOT NULL,
  recalled      INTEGER NOT NULL DEFAULT 0,
  replaced      INTEGER NOT NULL DEFAULT 0,
  expires_us    INTEGER,
  edited_us     INTEGER,
  key           TEXT,
  replaces      INTEGER,
  business      TEXT,
  mentions      TEXT,
  PRIMARY KEY (conv_id, conv_seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX message_by_id ON message (msg_id);
CREATE UNIQUE INDEX message_by_client ON message (sender_id, client_msg_id);
CREATE INDEX message_by_key ON message (conv_id, sender_id, key, conv_seq) WHERE key IS NOT NULL;

-- The sync store: pointers, and the few numbers that marks are made of. Those of crowds
-- are here as well: `owner_id` is a user, or a conversation with its sign turned.
--   kind 0 message: conv_seq, msg_id, about = sender
--   kind 1 receipt: about = who received, conv_seq = delivered, read
--   kind 2 read:    about = the user, conv_seq = read up to
--   kind 3 recall:  conv_seq, msg_id, about = who took it back
--   kind 4 edit:    conv_seq, msg_id, about = sender
--   kind 5 delete:  conv_seq, about = the user
--   kind 6 group:   data = the change as JSON, about = who did it
--   kind 7 crowd:   conv_seq = the entry to read after, plus one; zero: no longer
--   kind 8 seen:    conv_seq = the broadcast, read = one if it was opened; no conversation
CREATE TABLE timeline (
  owner_id INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  conv_id  INTEGER NOT NULL,
  conv_seq INTEGER NOT NULL,
  about_id INTEGER NOT NULL,
  at_us    INTEGER NOT NULL,
  msg_id   INTEGER,
  read     INTEGER,
  data     TEXT,
  PRIMARY KEY (owner_id, seq)
) STRICT, WITHOUT ROWID;

-- Messages that a user deleted for herself.
CREATE TABLE hidden (
  user_id  INTEGER NOT NULL,
  conv_id  INTEGER NOT NULL,
  conv_seq INTEGER NOT NULL,
  PRIMARY KEY (user_id, conv_id, conv_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
  user_id     INTEGER NOT NULL,
  name        TEXT NOT NULL,
  platform    TEXT NOT NULL,
  host        TEXT NOT NULL,
  app_version TEXT,
  first_us    INTEGER NOT NULL,
  last_us     INTEGER NOT NULL,
  PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;

-- Messages that an app's server is to be told of. `recipients` are the ids of the users
-- who got an entry, as a JSON array: later members are none of them.
CREATE TABLE hook (
  hook_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  conv_id    INTEGER NOT NULL,
  msg_id     INTEGER NOT NULL,
  recipients TEXT NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  due_us     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX hook_by_conv ON hook (conv_id);

-- Messages that read differently since they were stored: the search index, which is in
-- a file of its own, takes them again.
CREATE TABLE reworded (
  reworded_id INTEGER PRIMARY KEY AUTOINCREMENT,
  msg_id      INTEGER NOT NULL
) STRICT;

-- The public mailbox. Its one row has the newest number of a change, the first one that is
-- not forgotten, and the newest id.
CREATE TABLE mailbox (
  mailbox_id INTEGER PRIMARY KEY,
  head       INTEGER NOT NULL,
  floor      INTEGER NOT NULL,
  last_id    INTEGER NOT NULL
) STRICT;

INSERT INTO mailbox VALUES (1, 0, 0, 0);

-- A broadcast: one row, however many users it is for. `data` is all of it, as JSON; the
-- columns are what is searched for. `pub_seq` is null until it is shown to anyone.
--   state   0 draft, 1 staged, 2 published, 3 stopped, 4 recalled
--   keeping 0 polls are told of it, 1 no longer, and what users have seen of it is being
--           removed, 2 that is done: only operators see it
CREATE TABLE broadcast (
  broadcast_id INTEGER PRIMARY KEY,
  app          TEXT    NOT NULL,
  state        INTEGER NOT NULL,
  keeping      INTEGER NOT NULL,
  is_deleted   INTEGER NOT NULL,
  changed_us   INTEGER NOT NULL,
  pub_seq      INTEGER,
  expires_us   INTEGER,
  data         TEXT    NOT NULL
) STRICT;

CREATE INDEX broadcast_by_app ON broadcast (app, broadcast_id);
CREATE INDEX broadcast_by_change ON broadcast (pub_seq) WHERE keeping = 0;

-- What operators did, for good: of a broadcast, or, where there is none, of the allow-list.
CREATE TABLE broadcast_audit (
  audit_id     INTEGER PRIMARY KEY,
  app          TEXT    NOT NULL,
  broadcast_id INTEGER,
  operator     TEXT    NOT NULL,
  at_us        INTEGER NOT NULL,
  action       TEXT    NOT NULL,
  revision     INTEGER NOT NULL,
  pub_seq      INTEGER,
  details      TEXT    NOT NULL
) STRICT;

CREATE INDEX broadcast_audit_by_app ON broadcast_audit (app, audit_id);
CREATE INDEX broadcast_audit_by_broadcast ON broadcast_audit (broadcast_id, audit_id);

-- The users of an app who try things out, as a JSON array, and their newest change.
CREATE TABLE allow_list (
  app     TEXT    NOT NULL PRIMARY KEY,
  pub_seq INTEGER NOT NULL,
  users   TEXT    NOT NULL
) STRICT;

-- Sketches of how far a broadcast reached, as each node saw it.
CREATE TABLE reach (
  broadcast_id INTEGER NOT NULL,
  node         TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  sketch       BLOB    NOT NULL,
  PRIMARY KEY (broadcast_id, node, name)
) STRICT;

-- Which users have seen a broadcast, on which device first, and whether they opened it.
CREATE TABLE seen (
  broadcast_id INTEGER NOT NULL,
  user_id      INTEGER NOT NULL,
  is_opened    INTEGER NOT NULL,
  device       TEXT,
  PRIMARY KEY (broadcast_id, user_id)
) STRICT, WITHOUT ROWID;
