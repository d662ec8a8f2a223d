-- Names are interned: everything else refers to them by bigint. Names compare byte by
-- byte (COLLATE "C"), as the relay does. What users write is bytea (of UTF-8): a text of
-- PostgreSQL cannot hold the character NUL, and one such message would fail its batch. No foreign keys: the relay writes all rows of
-- a thing in one transaction, and a key's check would be a lock and a lookup for each row.

CREATE TABLE meta (
  key   text   NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);

CREATE TABLE app (
  app_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name   text COLLATE "C" NOT NULL UNIQUE
);

-- A user and the state of her timeline: newest seq, oldest seq kept, and how far some
-- device took everything. Rows have room to be rewritten within their page.
CREATE TABLE users (
  user_id         bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id          bigint   NOT NULL,
  name            text     COLLATE "C" NOT NULL,
  head            bigint   NOT NULL DEFAULT 0,
  floor           bigint   NOT NULL DEFAULT 1,
  delivered       bigint   NOT NULL DEFAULT 0,
  is_known        boolean  NOT NULL DEFAULT false,
  shares_presence boolean  NOT NULL DEFAULT false,
  last_seen_us    bigint   NOT NULL DEFAULT 0,
  crowds          integer  NOT NULL DEFAULT 0,
  UNIQUE (app_id, name)
) WITH (fillfactor = 60);

-- `state`: 0 named, 1 open, 2 crowd, 3 dissolved. `join_rule`: 0 invited, 1 open, 2 admins.
CREATE TABLE conversation (
  conv_id      bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id       bigint   NOT NULL,
  name         text     COLLATE "C" NOT NULL,
  state        smallint NOT NULL DEFAULT 0,
  head         bigint   NOT NULL DEFAULT 0,
  created_us   bigint   NOT NULL DEFAULT 0,
  active_us    bigint   NOT NULL DEFAULT 0,
  members      integer  NOT NULL DEFAULT 0,
  log_head     bigint   NOT NULL DEFAULT 0,
  log_floor    bigint   NOT NULL DEFAULT 1,
  low_id       bigint,
  low_sent     bigint   NOT NULL DEFAULT 0,
  owner_id     bigint,
  title        bytea    NOT NULL DEFAULT '',
  announcement bytea    NOT NULL DEFAULT '',
  join_rule    smallint NOT NULL DEFAULT 0,
  is_muted     boolean  NOT NULL DEFAULT false,
  mentions_all bigint   NOT NULL DEFAULT 0,
  UNIQUE (app_id, name)
) WITH (fillfactor = 60);

-- `role`: 0 member, 1 admin, 2 owner.
CREATE TABLE member (
  conv_id        bigint   NOT NULL,
  user_id        bigint   NOT NULL,
  role           smallint NOT NULL,
  joined_us      bigint   NOT NULL,
  read           bigint   NOT NULL,
  own_read       bigint   NOT NULL,
  delivered      bigint   NOT NULL,
  sent           bigint   NOT NULL,
  visible_after  bigint   NOT NULL,
  is_cleared     boolean  NOT NULL,
  muted_until_us bigint   NOT NULL,
  mentioned      bigint   NOT NULL,
  log_after      bigint   NOT NULL,
  PRIMARY KEY (conv_id, user_id)
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX member_by_user ON member (user_id, conv_id);

-- Ids in the order in which they were given; gaps mean nothing.
CREATE SEQUENCE message_id;

-- The conversation store. `sender_seq` is the position in the sender's own timeline (in
-- a crowd: in the crowd's), which a retransmission gets again. `mentions`: user ids
-- with spaces between. `priority`: 0 low, 1 normal, 2 high.
CREATE TABLE message (
  msg_id        bigint   NOT NULL PRIMARY KEY,
  conv_id       bigint   NOT NULL,
  conv_seq      bigint   NOT NULL,
  sender_id     bigint   NOT NULL,
  sender_seq    bigint   NOT NULL,
  digest        bigint   NOT NULL,
  client_msg_id text     COLLATE "C" NOT NULL,
  kind          text     COLLATE "C" NOT NULL,
  body          bytea    NOT NULL,
  priority      smallint NOT NULL,
  created_us    bigint   NOT NULL,
  expires_us    bigint,
  key           text     COLLATE "C",
  replaces      bigint,
  business      text     COLLATE "C",
  mentions      text     COLLATE "C",
  edited_us     bigint,
  is_recalled   boolean  NOT NULL DEFAULT false,
  is_replaced   boolean  NOT NULL DEFAULT false
);

-- Who sent and when are in the index, so that counts of own messages and searches for a
-- time read nothing else.
CREATE UNIQUE INDEX message_by_conv ON message (conv_id, conv_seq) INCLUDE (sender_id, created_us);
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
-- Partitioned by time, so that ageing drops whole partitions; the relay makes them ahead
-- of time. A seq is unique in its timeline because it is given under the lock of the
-- timeline's owner; the key of a partitioned table cannot say so without the time.
CREATE TABLE timeline (
  owner_id bigint   NOT NULL,
  seq      bigint   NOT NULL,
  at_us    bigint   NOT NULL,
  conv_id  bigint   NOT NULL,
  conv_seq bigint   NOT NULL,
  about_id bigint   NOT NULL,
  msg_id   bigint,
  read     bigint,
  kind     smallint NOT NULL,
  data     text,
  PRIMARY KEY (owner_id, seq, at_us)
) PARTITION BY RANGE (at_us);

-- What was written at a time for which there is no partition.
CREATE TABLE timeline_rest PARTITION OF timeline DEFAULT;

-- Messages that a user no longer wants to see.
CREATE TABLE hidden (
  user_id  bigint NOT NULL,
  conv_id  bigint NOT NULL,
  conv_seq bigint NOT NULL,
  PRIMARY KEY (user_id, conv_id, conv_seq)
);

CREATE TABLE device (
  user_id     bigint NOT NULL,
  name        text   COLLATE "C" NOT NULL,
  platform    text   NOT NULL,
  host        bytea  NOT NULL,
  app_version bytea,
  first_us    bigint NOT NULL,
  last_us     bigint NOT NULL,
  PRIMARY KEY (user_id, name)
) WITH (fillfactor = 70);

-- Messages that the apps' servers are to be told of. Numbers are given under the lock of
-- the conversation, so that within one they ascend as its messages do. `recipients`: the
-- users who got an entry; later members are none of them.
CREATE TABLE hook (
  hook_id    bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app_id     bigint   NOT NULL,
  conv_id    bigint   NOT NULL,
  msg_id     bigint   NOT NULL,
  due_us     bigint   NOT NULL DEFAULT 0,
  attempts   integer  NOT NULL DEFAULT 0,
  recipients bigint[] NOT NULL
);

CREATE INDEX hook_by_conv ON hook (conv_id, hook_id);
CREATE INDEX hook_by_app ON hook (app_id, hook_id);

-- Work that one relay at a time does, until it stops renewing its hold.
CREATE TABLE lease (
  work   text        NOT NULL PRIMARY KEY,
  holder bigint      NOT NULL,
  until  timestamptz NOT NULL
);

-- Ranges of messages that are new or read differently, and are not in the index yet. A
-- queue instead of a mark on messages: a row of it becomes visible with its commit,
-- however late that is, so that none is passed over; and it is one small row a commit.
CREATE TABLE search_queue (
  queue_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_id bigint NOT NULL,
  last_id  bigint NOT NULL
);

-- Words of messages. Whose they are is in the words too (`@u` and a user, `@c` and a
-- conversation), so that one index finds a user's own.
CREATE TABLE search (
  msg_id bigint   NOT NULL PRIMARY KEY,
  words  tsvector NOT NULL
);

CREATE INDEX search_by_word ON search USING gin (words);

-- The public mailbox. Its one row has the newest number of a change, the first one that is
-- not forgotten, and the newest id.
CREATE TABLE mailbox (
  mailbox_id bigint   PRIMARY KEY,
  head       bigint   NOT NULL,
  floor      bigint   NOT NULL,
  last_id    bigint   NOT NULL
);

INSERT INTO mailbox VALUES (1, 0, 0, 0);

-- A broadcast: one row, however many users it is for. `data` is all of it, as JSON; the
-- columns are what is searched for. `pub_seq` is null until it is shown to anyone.
--   state   0 draft, 1 staged, 2 published, 3 stopped, 4 recalled
--   keeping 0 polls are told of it, 1 no longer, and what users have seen of it is being
--           removed, 2 that is done: only operators see it
CREATE TABLE broadcast (
  broadcast_id bigint   PRIMARY KEY,
  app          text COLLATE "C" NOT NULL,
  state        smallint NOT NULL,
  keeping      smallint NOT NULL,
  is_deleted   boolean  NOT NULL,
  changed_us   bigint   NOT NULL,
  pub_seq      bigint,
  expires_us   bigint,
  data         text     NOT NULL
);

CREATE INDEX broadcast_by_app ON broadcast (app, broadcast_id);
CREATE INDEX broadcast_by_change ON broadcast (pub_seq) WHERE keeping = 0;

-- What operators did, for good: of a broadcast, or, where there is none, of the allow-list.
CREATE TABLE broadcast_audit (
  audit_id     bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  app          text COLLATE "C" NOT NULL,
  broadcast_id bigint,
  operator     text COLLATE "C" NOT NULL,
  at_us        bigint   NOT NULL,
  action       text COLLATE "C" NOT NULL,
  revision     integer  NOT NULL,
  pub_seq      bigint,
  details      text     NOT NULL
);

CREATE INDEX broadcast_audit_by_app ON broadcast_audit (app, audit_id);
CREATE INDEX broadcast_audit_by_broadcast ON broadcast_audit (broadcast_id, audit_id);

-- The users of an app who try things out, as a JSON array, and their newest change.
CREATE TABLE allow_list (
  app     text COLLATE "C" NOT NULL PRIMARY KEY,
  pub_seq bigint   NOT NULL,
  users   text     NOT NULL
);

-- Sketches of how far a broadcast reached, as each node saw it.
CREATE TABLE reach (
  broadcast_id bigint   NOT NULL,
  node         text COLLATE "C" NOT NULL,
  name         text COLLATE "C" NOT NULL,
  sketch       bytea    NOT NULL,
  PRIMARY KEY (broadcast_id, node, name)
);

-- Which users have seen a broadcast, on which device first, and whether they opened it.
CREATE TABLE seen (
  broadcast_id bigint   NOT NULL,
  user_id      bigint   NOT NULL,
  is_opened    boolean  NOT NULL,
  device       text COLLATE "C",
  PRIMARY KEY (broadcast_id, user_id)
);
