//! Which of the messages of a commit are traced, for those who are told of it.

use seqline_protocol::{Item, MsgId};

use super::TraceParent;

/// Messages of a commit, each with where its trace goes on. Almost always empty.
#[derive(Debug, Default)]
pub struct Told(Vec<(MsgId, TraceParent)>);

impl Told {
    /// A message is traced.
    pub fn add(&mut self, message: MsgId, parent: TraceParent) {
        self.0.push((message, parent));
    }

    /// All of them.
    pub fn messages(&self) -> impl Iterator<Item = (MsgId, TraceParent)> {
        self.0.iter().copied()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The trace of the last of these entries that is traced.
    pub fn of<'a>(&self, items: impl DoubleEndedIterator<Item = &'a Item>) -> Option<TraceParent> {
        if self.is_empty() {
            return None;
        }
        items.rev().find_map(|item| match item {
            Item::Message(message) => self.of_message(message.msg_id),
            _ => None,
        })
    }

    fn of_message(&self, id: MsgId) -> Option<TraceParent> {
        let found = self.0.iter().find(|(message, _)| *message == id);
        found.map(|(_, parent)| *parent)
    }
}
