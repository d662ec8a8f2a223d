PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'timelines','2026-11-22 00:53:34',1,X'07d40367a3659a33c9f8da7782d995f04fbf9905deb9a774860cf9e1010f34fbdc679a74f32a56074707dbba04953d12',2817513);
CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('epoch',2971251194976772);
CREATE TABLE app (
  app_id INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO app VALUES(1,'chat');
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
INSERT INTO user VALUES(1,1,'alice',1,0,1,1795308815131379,0,0);
INSERT INTO user VALUES(2,1,'bob',1,0,1,1795308815131379,0,0);
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
INSERT INTO conversation VALUES(1,1,'dm:alice:bob',1,1795308814955814,2,1,0,1,NULL,'','',0,0,0);
INSERT INTO conversation VALUES(2,1,'group:travellers',1,1795308815035288,2,NULL,0,1,1,'Travellers','',0,0,0);
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
INSERT INTO member VALUES(1,1,0,1795308814955814,0,0,0,0,0,0,0,0,0);
INSERT INTO member VALUES(1,2,0,1795308814955814,0,0,0,0,0,0,0,0,0);
INSERT INTO member VALUES(2,1,2,1795308815035288,0,0,0,1,0,0,0,0,0);
INSERT INTO member VALUES(2,2,0,1795308815035288,0,0,0,0,0,0,0,0,0);
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
INSERT INTO message VALUES(1,1,1,1,1,'one-1',6124049288175580714,'text','one',1,1795308814955814,1,0,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO message VALUES(2,1,2,1,2,'two-1',7012466037937764803,'text','two',1,1795308814982445,2,0,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO message VALUES(3,1,3,1,3,'three-1',-2470089510550620058,'text','three',1,1795308814989875,3,0,0,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO message VALUES(4,2,1,1,5,'g-1',-282292370492089421,'text','hello all',1,1795308815051238,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO timeline VALUES(1,1,0,1,1,1,1795308814955814,1,NULL,NULL);
INSERT INTO timeline VALUES(1,2,0,1,2,1,1795308814982445,2,NULL,NULL);
INSERT INTO timeline VALUES(1,3,0,1,3,1,1795308814989875,3,NULL,NULL);
INSERT INTO timeline VALUES(1,4,6,2,0,1,1795308815035288,NULL,NULL,'{"conv":"group:travellers","by":"alice","at_us":1795308815035288,"op":{"created":{"users":["bob"],"title":"Travellers"}}}');
INSERT INTO timeline VALUES(1,5,0,2,1,1,1795308815051238,4,NULL,NULL);
INSERT INTO timeline VALUES(2,1,0,1,1,1,1795308814955814,1,NULL,NULL);
INSERT INTO timeline VALUES(2,2,0,1,2,1,1795308814982445,2,NULL,NULL);
INSERT INTO timeline VALUES(2,3,0,1,3,1,1795308814989875,3,NULL,NULL);
INSERT INTO timeline VALUES(2,4,6,2,0,1,1795308815035288,NULL,NULL,'{"conv":"group:travellers","by":"alice","at_us":1795308815035288,"op":{"created":{"users":["bob"],"title":"Travellers"}}}');
INSERT INTO timeline VALUES(2,5,0,2,1,1,1795308815051238,4,NULL,NULL);
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
INSERT INTO device VALUES(1,'phone','test','test',NULL,1795308814950852,1795308815131379);
INSERT INTO device VALUES(2,'tablet','test','test',NULL,1795308815122576,1795308815131379);
CREATE TABLE hook (
  hook_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  conv_id    INTEGER NOT NULL,
  msg_id     INTEGER NOT NULL,
  recipients TEXT NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  due_us     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE reworded (
  reworded_id INTEGER PRIMARY KEY AUTOINCREMENT,
  msg_id      INTEGER NOT NULL
) STRICT;
CREATE TABLE mailbox (
  mailbox_id INTEGER PRIMARY KEY,
  head       INTEGER NOT NULL,
  floor      INTEGER NOT NULL,
  last_id    INTEGER NOT NULL
) STRICT;
INSERT INTO mailbox VALUES(1,0,0,0);
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
CREATE TABLE allow_list (
  app     TEXT    NOT NULL PRIMARY KEY,
  pub_seq INTEGER NOT NULL,
  users   TEXT    NOT NULL
) STRICT;
CREATE TABLE reach (
  broadcast_id INTEGER NOT NULL,
  node         TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  sketch       BLOB    NOT NULL,
  PRIMARY KEY (broadcast_id, node, name)
) STRICT;
CREATE TABLE seen (
  broadcast_id INTEGER NOT NULL,
  user_id      INTEGER NOT NULL,
  is_opened    INTEGER NOT NULL,
  device       TEXT,
  PRIMARY KEY (broadcast_id, user_id)
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
CREATE UNIQUE INDEX member_by_user ON member (user_id, conv_id);
CREATE UNIQUE INDEX message_by_id ON message (msg_id);
CREATE UNIQUE INDEX message_by_client ON message (sender_id, client_msg_id);
CREATE INDEX message_by_key ON message (conv_id, sender_id, key, conv_seq) WHERE key IS NOT NULL;
CREATE INDEX hook_by_conv ON hook (conv_id);
CREATE INDEX broadcast_by_app ON broadcast (app, broadcast_id);
CREATE INDEX broadcast_by_change ON broadcast (pub_seq) WHERE keeping = 0;
CREATE INDEX broadcast_audit_by_app ON broadcast_audit (app, audit_id);
CREATE INDEX broadcast_audit_by_broadcast ON broadcast_audit (broadcast_id, audit_id);
COMMIT;
