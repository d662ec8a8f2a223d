//! Columns to values, and back.

use seqline_protocol::{
    ClientMsgId, ConvId, ConvSeq, IdError, JoinRule, Kind, Label, Message, Micros, MsgId, Priority,
    Role, Seq, UserId,
};
use sqlx::{Decode, Postgres, Row as _, Type, postgres::PgRow};

use crate::store::{
    ledger::{ConvState, EntryKind},
    rows::number,
};

/// The columns that [`Columns::message`] reads, of the tables `message`, `conversation` and
/// the sender's row of `users` as `sender`.
macro_rules! message_columns {
    () => {
        "message.msg_id, message.client_msg_id, sender.name, conversation.name, \
         message.conv_seq, message.kind, message.body, message.priority, message.created_us, \
         message.expires_us, message.is_recalled, message.key, message.replaces, \
         message.is_replaced, message.business, message.mentions, message.edited_us"
    };
}
pub(super) use message_columns;

/// How many columns they are.
const MESSAGE_COLUMNS: usize = 17;

/// Takes the columns of a row one after the other.
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r PgRow) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn take<T: Decode<'r, Postgres> + Type<Postgres>>(
        &mut self,
    ) -> Result<T, sqlx::Error> {
        let column = self.next;
        self.next += 1;
        self.row.try_get(column)
    }

    /// An integer; none of ours is ever negative.
    pub(super) fn count(&mut self) -> Result<u64, sqlx::Error> {
        self.take().map(number)
    }

    pub(super) fn optional(&mut self) -> Result<Option<u64>, sqlx::Error> {
        self.take::<Option<i64>>().map(|value| value.map(number))
    }

    pub(super) fn small(&mut self) -> Result<u32, sqlx::Error> {
        self.take::<i32>()
            .map(|value| u32::try_from(value).unwrap_or(0))
    }

    pub(super) fn micros(&mut self) -> Result<Micros, sqlx::Error> {
        self.count().map(Micros::saturating)
    }

    pub(super) fn conv_seq(&mut self) -> Result<ConvSeq, sqlx::Error> {
        self.count().map(ConvSeq::saturating)
    }

    pub(super) fn seq(&mut self) -> Result<Seq, sqlx::Error> {
        self.count().map(Seq::saturating)
    }

    pub(super) fn user(&mut self) -> Result<UserId, sqlx::Error> {
        self.name(UserId::new)
    }

    pub(super) fn conv(&mut self) -> Result<ConvId, sqlx::Error> {
        self.name(ConvId::new)
    }

    pub(super) fn name<T>(
        &mut self,
        check: impl FnOnce(String) -> Result<T, IdError>,
    ) -> Result<T, sqlx::Error> {
        check(self.take()?).map_err(decode)
    }

    pub(super) fn role(&mut self) -> Result<Role, sqlx::Error> {
        Ok(match self.take::<i16>()? {
            0 => Role::Member,
            1 => Role::Admin,
            _ => Role::Owner,
        })
    }

    pub(super) fn join_rule(&mut self) -> Result<JoinRule, sqlx::Error> {
        Ok(match self.take::<i16>()? {
            1 => JoinRule::Open,
            2 => JoinRule::Admins,
            _ => JoinRule::Invited,
        })
    }

    pub(super) fn conv_state(&mut self) -> Result<ConvState, sqlx::Error> {
        Ok(match self.take::<i16>()? {
            0 => ConvState::Named,
            1 => ConvState::Open,
            2 => ConvState::Crowd,
            _ => ConvState::Dissolved,
        })
    }

    pub(super) fn entry_kind(&mut self) -> Result<EntryKind, sqlx::Error> {
        use EntryKind::{Crowd, Delete, Edit, Group, Message, Read, Recall, Receipt, Seen};
        let stored = self.take::<i16>()?;
        [
            Message, Receipt, Read, Recall, Edit, Delete, Group, Crowd, Seen,
        ]
        .into_iter()
        .find(|kind| *kind as i16 == stored)
        .ok_or_else(|| decode_text(format!("no timeline entry is of kind {stored}")))
    }

    /// The columns of [`message_columns`]. What was taken back or replaced has no body.
    pub(super) fn message(&mut self) -> Result<Message, sqlx::Error> {
        let mut message = Message {
            msg_id: MsgId::saturating(self.count()?),
            client_msg_id: self.name(ClientMsgId::new)?,
            sender: self.user()?,
            conv: self.conv()?,
            conv_seq: self.conv_seq()?,
            kind: self.kind()?,
            body: self.text()?,
            priority: self.priority()?,
            created_us: self.micros()?,
            expires_us: self.optional()?.map(Micros::saturating),
            recalled: self.take()?,
            key: self.label()?,
            replaces: self.optional()?.map(ConvSeq::saturating),
            replaced: self.take()?,
            business: self.label()?,
            mentions: self.mentions()?,
            edited_us: self.optional()?.map(Micros::saturating),
        };
        if message.recalled || message.replaced {
            message.body.clear();
        }
        Ok(message)
    }

    /// The same where the row may have no message.
    pub(super) fn optional_message(&mut self) -> Result<Option<Message>, sqlx::Error> {
        if self.row.try_get::<Option<i64>, _>(self.next)?.is_some() {
            return self.message().map(Some);
        }
        self.next += MESSAGE_COLUMNS;
        Ok(None)
    }

    /// What a user wrote.
    pub(super) fn text(&mut self) -> Result<String, sqlx::Error> {
        String::from_utf8(self.take()?).map_err(decode)
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, sqlx::Error> {
        self.take::<Option<Vec<u8>>>()?
            .map(|bytes| String::from_utf8(bytes).map_err(decode))
            .transpose()
    }

    fn label(&mut self) -> Result<Option<Label>, sqlx::Error> {
        self.take::<Option<String>>()?
            .map(Label::new)
            .transpose()
            .map_err(decode)
    }

    fn kind(&mut self) -> Result<Kind, sqlx::Error> {
        Kind::new(self.take::<String>()?)
            .ok_or_else(|| decode_text("a stored kind is not one".to_owned()))
    }

    fn mentions(&mut self) -> Result<Vec<UserId>, sqlx::Error> {
        self.take::<Option<&str>>()?
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(|user| UserId::new(user).map_err(decode))
            .collect()
    }

    fn priority(&mut self) -> Result<Priority, sqlx::Error> {
        Ok(match self.take::<i16>()? {
            0 => Priority::Low,
            2 => Priority::High,
            _ => Priority::Normal,
        })
    }
}

/// How mentions are stored: none of them as nothing.
pub(super) fn stored_mentions(mentions: &[UserId]) -> Option<String> {
    let names: Vec<_> = mentions.iter().map(UserId::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

pub(super) fn stored_priority(priority: Priority) -> i16 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
    }
}

pub(super) fn stored_role(role: Role) -> i16 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}

pub(super) fn stored_join_rule(rule: JoinRule) -> i16 {
    match rule {
        JoinRule::Invited => 0,
        JoinRule::Open => 1,
        JoinRule::Admins => 2,
    }
}

/// How a conversation's state is stored. The queries know the numbers.
pub(super) fn stored_conv_state(state: ConvState) -> i16 {
    match state {
        ConvState::Named => 0,
        ConvState::Open => 1,
        ConvState::Crowd => 2,
        ConvState::Dissolved => 3,
    }
}

/// What is stored is not what we store.
pub(super) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

fn decode_text(text: String) -> sqlx::Error {
    sqlx::Error::Decode(text.into())
}

/// The database does not have what the same transaction has just put there.
pub(super) fn inconsistent() -> sqlx::Error {
    sqlx::Error::Protocol("the database is inconsistent".to_owned())
}
