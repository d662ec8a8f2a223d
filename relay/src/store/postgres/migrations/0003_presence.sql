-- Several relays: which one a device is connected to. What a relay says of its devices counts as
-- long as it is there, which it says again and again.
CREATE TABLE relay (
  relay_id bigint      PRIMARY KEY,
  until    timestamptz NOT NULL
);

ALTER TABLE device ADD COLUMN relay_id bigint;
