-- Several relays: which session of a device is the newest. `session` is its number, or the
-- number before which all are over. `ended`: 0 it may be connected, 1 it was ended, 2 it is
-- forgotten as well, and kept only so that every relay learns of its end.
CREATE SEQUENCE session_number;

ALTER TABLE device
  ADD COLUMN session bigint   NOT NULL DEFAULT 0,
  ADD COLUMN ended   smallint NOT NULL DEFAULT 0;
