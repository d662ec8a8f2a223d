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

-- `low_id` is the user who comes first in a direct conversation's name, and `low_count`
-- how many of the messages are hers; the others are the other user's. That is all that
-- unread counts need, in a row that every message changes anyway:
-- unread = (head - read) - (own messages - own messages up to `read`).
-- `log_head` and `log_floor` are of the conversation's own timeline, if it is a crowd.
-- What only groups and channels have comes last, where nulls and zeros cost a byte.
CREATE TABLE conversation (
  conv_id      INTEGER PRIMARY KEY,
  app_id       INTEGER NOT NULL,
  name         TEXT NOT NULL,
  state        INTEGER NOT NULL DEFAULT 0,
  head         INTEGER NOT NULL DEFAULT 0,
  created_us   INTEGER NOT NULL DEFAULT 0,
  active_us    INTEGER NOT NULL DEFAULT 0,
  members      INTEGER NOT NULL DEFAULT 0,
  low_id       INTEGER,
  low_count    INTEGER NOT NULL DEFAULT 0,
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
-- went to: a retransmission gets it again. What few messages have comes last.
CREATE TABLE message (
  msg_id        INTEGER PRIMARY KEY,
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
  recalled      INTEGER NOT NULL DEFAULT 0,
  replaced      INTEGER NOT NULL DEFAULT 0,
  expires_us    INTEGER,
  edited_us     INTEGER,
  key           TEXT,
  replaces      INTEGER,
  business      TEXT,
  mentions      TEXT
) STRICT;

CREATE UNIQUE INDEX message_by_conv ON message (conv_id, conv_seq);
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
