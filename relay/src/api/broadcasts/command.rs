//! Does what an operator asks for, and shows it on this relay at once.

use std::sync::Arc;

use seqline_protocol::{BroadcastId, ErrorCode, Micros};

use super::{record::Record, refusal};
use crate::{
    api::{ApiError, Caller},
    app::App,
    broadcasts::{Problem, check},
    limits::{WAVE_WINDOW_MS_MAX, WAVE_WINDOW_MS_MIN},
    store::{
        BroadcastAction, BroadcastCommand, BroadcastDraft, BroadcastRow, BroadcastState, Wave,
    },
};

/// What a command on a broadcast may answer.
pub(super) const ERRORS: &[ErrorCode] = &[
    ErrorCode::BroadcastUnknown,
    ErrorCode::RevisionConflict,
    ErrorCode::StateForbidden,
];

/// A command of an operator, on a broadcast as it was seen at a revision; on none to make one.
pub(super) async fn command(
    app: &Arc<App>,
    caller: &Caller,
    of: Option<(BroadcastId, u32)>,
    action: BroadcastAction,
) -> Result<Record, ApiError> {
    let now = app.clock.now().wall;
    let command = BroadcastCommand {
        app: caller.app().clone(),
        operator: caller.operator()?.clone(),
        of,
        action,
    };
    let row = app.store.command(command, now).await?;
    let row = row.map_err(|refusal| refusal::of(&refusal))?;
    // So that whoever asks this relay next sees it; the others learn of it by their next poll.
    app.public.refresh().await;
    Ok(Record::of(row, now))
}

/// The broadcast that a command names, unless there is none.
pub(super) async fn row(
    app: &Arc<App>,
    caller: &Caller,
    id: BroadcastId,
) -> Result<BroadcastRow, ApiError> {
    let row = app.store.broadcast(caller.app(), id).await?;
    row.ok_or_else(refusal::unknown)
}

/// Refuses what cannot be written, with all that is wrong with it.
pub(super) fn check_draft(
    app: &Arc<App>,
    draft: &BroadcastDraft,
    now: Micros,
) -> Result<(), ApiError> {
    refuse(&check(draft, &app.public.rules().attribute_names, now))
}

/// What was written a while ago is looked at once more before anyone is shown it: its end may
/// have come, or an attribute may have gone. Not where the command is refused for its revision
/// or state: that is said first.
pub(super) async fn check_again(
    app: &Arc<App>,
    caller: &Caller,
    (id, revision): (BroadcastId, u32),
    states: &[BroadcastState],
) -> Result<(), ApiError> {
    let row = row(app, caller, id).await?;
    if row.revision != revision || !states.contains(&row.state) {
        return Ok(());
    }
    let draft = BroadcastDraft {
        content: row.content,
        audience: row.audience,
        every_device: row.every_device,
    };
    check_draft(app, &draft, app.clock.now().wall)
}

pub(super) fn refuse(problems: &[Problem]) -> Result<(), ApiError> {
    if problems.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.field, problem.message))
        .collect();
    Err(ApiError::field("", texts.join("; ")))
}

/// A wave that begins now.
pub(super) fn wave(app: &Arc<App>, field: &str, window_ms: u64) -> Result<Wave, ApiError> {
    let allowed = WAVE_WINDOW_MS_MIN..=WAVE_WINDOW_MS_MAX;
    if !allowed.contains(&window_ms) {
        let (min, max) = (allowed.start(), allowed.end());
        let why = format!("from {min} to {max} milliseconds, not {window_ms}");
        return Err(ApiError::field(field, why));
    }
    Ok(Wave {
        starts_us: app.clock.now().wall,
        window_ms,
    })
}
