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

-- A user and the state of her timeline: newest seq, oldest seq kept, and how far
-- some device took everything.
CREATE TABLE user (
  user_id   INTEGER PRIMARY KEY,
  app_id    INTEGER NOT NULL,
  name      TEXT NOT NULL,
  head      INTEGER NOT NULL DEFAULT 0,
  floor     INTEGER NOT NULL DEFAULT 1,
  delivered INTEGER NOT NULL DEFAULT 0,
  UNIQUE (app_id, name)
) STRICT;

-- `low_id` is the user who comes first in a direct conversation's name, and `low_count`
-- how many of the messages are hers; the others are the other user's. That is all that
-- unread counts need, in a row that every message changes anyway:
-- unread = (head - read) - (own messages - own messages up to `read`).
CREATE TABLE conversation (
  conv_id   INTEGER PRIMARY KEY,
  app_id    INTEGER NOT NULL,
  name      TEXT NOT NULL,
  head      INTEGER NOT NULL DEFAULT 0,
  low_id    INTEGER NOT NULL DEFAULT 0,
  low_count INTEGER NOT NULL DEFAULT 0,
  active_us INTEGER NOT NULL DEFAULT 0,
  UNIQUE (app_id, name)
) STRICT;

CREATE TABLE member (
  conv_id   INTEGER NOT NULL,
  user_id   INTEGER NOT NULL,
  read      INTEGER NOT NULL DEFAULT 0,
  own_read  INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conv_id, user_id)
) STRICT, WITHOUT ROWID;

-- Unique, so that a query by both knows that it gets one row, and needs no sorting.
CREATE UNIQUE INDEX member_by_user ON member (user_id, conv_id);

-- The conversation store. `sender_seq` is the position in the sender's own timeline:
-- a retransmission gets it again.
CREATE TABLE message (
  msg_id        INTEGER PRIMARY KEY,
  conv_id       INTEGER NOT NULL,
  conv_seq      INTEGER NOT NULL,
  sender_id     INTEGER NOT NULL,
  sender_seq    INTEGER NOT NULL,
  client_msg_id TEXT NOT NULL,
  kind          TEXT NOT NULL,
  body          TEXT NOT NULL,
  priority      INTEGER NOT NULL,
  created_us    INTEGER NOT NULL,
  expires_us    INTEGER,
  recalled      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX message_by_conv ON message (conv_id, conv_seq);
CREATE UNIQUE INDEX message_by_client ON message (sender_id, client_msg_id);

-- The sync store: pointers, and the few numbers that receipts and marks are made of.
--   kind 0 message: conv_seq, msg_id, about = sender
--   kind 1 receipt: about = who received, conv_seq = delivered, read
--   kind 2 read:    about = the user, conv_seq = read up to
--   kind 3 recall:  conv_seq, msg_id, about = who took it back
CREATE TABLE timeline (
  user_id  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  conv_id  INTEGER NOT NULL,
  conv_seq INTEGER NOT NULL,
  about_id INTEGER NOT NULL,
  msg_id   INTEGER,
  read     INTEGER,
  PRIMARY KEY (user_id, seq)
) STRICT, WITHOUT ROWID;
