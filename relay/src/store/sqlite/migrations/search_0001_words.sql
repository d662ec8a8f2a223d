-- The words of messages, by msg_id. In a file of its own, so that indexing has a writer of
-- its own and never delays a message. Everything in it can be made again from the messages.
-- `scope` is who may find it: `u` and the number of each user of a direct conversation, or
-- `c` and the number of any other. Words come cut and folded: see store/words.rs.

CREATE VIRTUAL TABLE words USING fts5 (
  text, scope,
  content = '', contentless_delete = 1, tokenize = 'ascii'
);

-- How far indexing is: the newest message, and the newest row of `reworded`, in the main file.
CREATE TABLE progress (
  key   TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
