//! What operators may do when, and what comes of it. The same for every backend.
//!
//! ```text
//!            ┌─▶ staged ─┐           ┌──────────┐
//!  draft ────┤           ├─▶ published          ▼
//!            └───────────┘           └──▶ stopped ──▶ published …
//!
//!  recalled ◀── staged, published, stopped        deleted ◀── any
//! ```

use seqline_protocol::{AppId, BroadcastId, Micros, PubSeq, UserId};
use serde_json::{Value, json};

use super::{
    Audience, AuditRow, BroadcastAction, BroadcastCommand, BroadcastDraft, BroadcastRefusal,
    BroadcastRow, BroadcastState, Staging, Wave,
};
use crate::limits::BROADCASTS_MAX;

/// What a command is decided by, read inside its transaction.
#[derive(Debug)]
pub(in crate::store) struct Before {
    /// The broadcast that the command names, if it is of this app and not deleted; and who
    /// changed it last.
    pub(in crate::store) row: Option<(BroadcastRow, UserId)>,
    /// The newest number.
    pub(in crate::store) head: PubSeq,
    /// The id that a new broadcast gets.
    pub(in crate::store) next_id: BroadcastId,
    /// Broadcasts of the app that count: drafts, and those that are neither recalled nor
    /// expired.
    pub(in crate::store) kept: usize,
}

/// What a command does.
#[derive(Debug)]
pub(in crate::store) struct Decided {
    /// The broadcast as it is then.
    pub(in crate::store) row: BroadcastRow,
    /// What is added to the audit trail, which numbers it. Its `pub_seq` is the new head, if
    /// there is one.
    pub(in crate::store) audit: AuditRow,
}

/// Decides on a command.
pub(in crate::store) fn decide(
    command: BroadcastCommand,
    before: Before,
    now: Micros,
) -> Result<Decided, BroadcastRefusal> {
    let operator = command.operator;
    match (command.of, command.action) {
        (None, BroadcastAction::Create(draft)) => {
            create(command.app, operator, *draft, &before, now)
        }
        (Some((_, revision)), action) => {
            let (row, by) = before.row.ok_or(BroadcastRefusal::Unknown)?;
            if row.revision != revision {
                let revision = row.revision;
                return Err(BroadcastRefusal::Conflict { revision, by });
            }
            Step {
                row,
                next: before.head.next(),
                kept: before.kept,
                now,
                is_visible: false,
            }
            .take(operator, action)
        }
        (None, _) => Err(BroadcastRefusal::Unknown),
    }
}

fn create(
    app: AppId,
    operator: UserId,
    draft: BroadcastDraft,
    before: &Before,
    now: Micros,
) -> Result<Decided, BroadcastRefusal> {
    if is_over(&draft.audience, now) {
        return Err(BroadcastRefusal::Expired);
    }
    has_room(before.kept)?;
    let details = details_of(&draft);
    let row = BroadcastRow {
        app,
        id: before.next_id,
        state: BroadcastState::Draft,
        revision: 1,
        version: 1,
        content: draft.content,
        audience: draft.audience,
        staging: Staging::default(),
        every_device: draft.every_device,
        wave: None,
        first_pub_seq: None,
        pub_seq: None,
        created: now,
        changed: now,
        published: None,
        is_deleted: false,
    };
    let audit = audit(&row, operator, "create", None, &details);
    Ok(Decided { row, audit })
}

/// One step in the life of a broadcast.
struct Step {
    row: BroadcastRow,
    /// The number that it takes, if it changes who sees what.
    next: PubSeq,
    kept: usize,
    now: Micros,
    is_visible: bool,
}

impl Step {
    fn take(
        mut self,
        operator: UserId,
        action: BroadcastAction,
    ) -> Result<Decided, BroadcastRefusal> {
        let (name, details) = match action {
            // Made already: its id was given.
            BroadcastAction::Create(_) => return Err(self.refused("made again")),
            BroadcastAction::Edit(draft) => ("edit", self.edit(*draft)?),
            BroadcastAction::Stage(staging) => ("stage", self.stage(staging)?),
            BroadcastAction::Publish(wave) => ("publish", self.publish(wave)?),
            BroadcastAction::Wave(wave) => ("wave", self.wave(wave)?),
            BroadcastAction::Stop => ("stop", self.stop()?),
            BroadcastAction::Recall => ("recall", self.recall()?),
            BroadcastAction::Delete => ("delete", self.delete()),
        };
        let mut row = self.row;
        row.revision += 1;
        row.changed = self.now;
        let number = self.is_visible.then_some(self.next);
        if number.is_some() {
            row.pub_seq = number;
            row.first_pub_seq = row.first_pub_seq.or(number);
            row.published = row.published.or(Some(self.now));
        }
        let audit = audit(&row, operator, name, number, &details);
        Ok(Decided { row, audit })
    }

    fn edit(&mut self, draft: BroadcastDraft) -> Result<Value, BroadcastRefusal> {
        self.only_in(
            &[
                BroadcastState::Draft,
                BroadcastState::Staged,
                BroadcastState::Published,
                BroadcastState::Stopped,
            ],
            "edited",
        )?;
        let row = &self.row;
        let has_new_end = draft.audience.expires_us != row.audience.expires_us;
        if has_new_end && is_over(&draft.audience, self.now) {
            return Err(BroadcastRefusal::Expired);
        }
        // One that has expired does not count: given more time, it counts again.
        if has_new_end && row.state != BroadcastState::Draft && is_over(&row.audience, self.now) {
            has_room(self.kept)?;
        }
        let details = details_of(&draft);
        let is_new_text = draft.content != row.content;
        let is_change =
            is_new_text || draft.audience != row.audience || draft.every_device != row.every_device;
        let was_shown = row.first_pub_seq.is_some();
        self.is_visible = was_shown && is_change;
        if was_shown && is_new_text {
            self.row.version += 1;
        }
        self.row.content = draft.content;
        self.row.audience = draft.audience;
        self.row.every_device = draft.every_device;
        Ok(details)
    }

    fn stage(&mut self, staging: Staging) -> Result<Value, BroadcastRefusal> {
        self.only_in(&[BroadcastState::Draft, BroadcastState::Staged], "staged")?;
        self.not_over()?;
        self.row.state = BroadcastState::Staged;
        self.row.staging = staging;
        self.is_visible = true;
        Ok(json!(staging))
    }

    fn publish(&mut self, wave: Option<Wave>) -> Result<Value, BroadcastRefusal> {
        self.only_in(
            &[
                BroadcastState::Draft,
                BroadcastState::Staged,
                BroadcastState::Stopped,
            ],
            "published",
        )?;
        self.not_over()?;
        self.row.state = BroadcastState::Published;
        self.row.wave = wave.or(self.row.wave);
        self.is_visible = true;
        Ok(wave.map_or_else(nothing, |wave| json!({ "wave": wave })))
    }

    /// Nobody sees anything else; but by the number the other nodes learn of it.
    fn wave(&mut self, wave: Wave) -> Result<Value, BroadcastRefusal> {
        self.only_in(
            &[BroadcastState::Staged, BroadcastState::Published],
            "told in a wave",
        )?;
        self.not_over()?;
        self.row.wave = Some(wave);
        self.is_visible = true;
        Ok(json!(wave))
    }

    fn stop(&mut self) -> Result<Value, BroadcastRefusal> {
        self.only_in(
            &[BroadcastState::Staged, BroadcastState::Published],
            "stopped",
        )?;
        self.row.state = BroadcastState::Stopped;
        self.is_visible = true;
        Ok(nothing())
    }

    fn recall(&mut self) -> Result<Value, BroadcastRefusal> {
        self.only_in(
            &[
                BroadcastState::Staged,
                BroadcastState::Published,
                BroadcastState::Stopped,
            ],
            "recalled",
        )?;
        self.row.state = BroadcastState::Recalled;
        self.is_visible = true;
        Ok(nothing())
    }

    fn delete(&mut self) -> Value {
        self.is_visible =
            self.row.first_pub_seq.is_some() && self.row.state != BroadcastState::Recalled;
        if self.is_visible {
            self.row.state = BroadcastState::Recalled;
        }
        self.row.is_deleted = true;
        nothing()
    }

    fn only_in(
        &self,
        states: &[BroadcastState],
        what: &'static str,
    ) -> Result<(), BroadcastRefusal> {
        if states.contains(&self.row.state) {
            Ok(())
        } else {
            Err(self.refused(what))
        }
    }

    fn refused(&self, what: &'static str) -> BroadcastRefusal {
        BroadcastRefusal::State {
            state: self.row.state,
            what,
        }
    }

    fn not_over(&self) -> Result<(), BroadcastRefusal> {
        if is_over(&self.row.audience, self.now) {
            Err(BroadcastRefusal::Expired)
        } else {
            Ok(())
        }
    }
}

fn is_over(audience: &Audience, now: Micros) -> bool {
    audience.expires_us.is_some_and(|expires| expires <= now)
}

fn has_room(kept: usize) -> Result<(), BroadcastRefusal> {
    if kept < BROADCASTS_MAX {
        Ok(())
    } else {
        let max = BROADCASTS_MAX;
        Err(BroadcastRefusal::TooMany { max })
    }
}

fn details_of(draft: &BroadcastDraft) -> Value {
    json!({
        "content": draft.content,
        "audience": draft.audience,
        "every_device": draft.every_device,
    })
}

fn nothing() -> Value {
    json!({})
}

fn audit(
    row: &BroadcastRow,
    operator: UserId,
    action: &str,
    pub_seq: Option<PubSeq>,
    details: &Value,
) -> AuditRow {
    AuditRow {
        id: 0,
        broadcast: Some(row.id),
        operator,
        at: row.changed,
        action: action.to_owned(),
        revision: row.revision,
        pub_seq,
        details: details.to_string(),
    }
}

#[cfg(test)]
mod tests;
