//! Short ways to say what operators do.

use std::collections::BTreeSet;

use seqline_protocol::{AppId, BroadcastId, DeviceId, Kind, PubSeq, UserId};
use seqline_relay::store::{
    AllowListChange, Audience, AuditRow, BroadcastAction, BroadcastCommand, BroadcastContent,
    BroadcastDraft, BroadcastRefusal, BroadcastRow, Done, Op, OpResult, PublicChanges, Seen,
    Staging,
};

use crate::support::{Fresh, account_of, at_s, user};

pub(crate) fn app(name: &str) -> AppId {
    AppId::new(name).unwrap()
}

pub(crate) fn draft(body: &str) -> BroadcastDraft {
    BroadcastDraft {
        content: BroadcastContent {
            kind: Kind::text(),
            title: format!("About {body}"),
            body: body.to_owned(),
        },
        audience: Audience::default(),
        every_device: false,
    }
}

pub(crate) fn until_s(body: &str, expires_s: u64) -> BroadcastDraft {
    let audience = Audience {
        expires_us: Some(at_s(expires_s)),
        ..Audience::default()
    };
    BroadcastDraft {
        audience,
        ..draft(body)
    }
}

pub(crate) fn edit(body: &str) -> BroadcastAction {
    BroadcastAction::Edit(Box::new(draft(body)))
}

pub(crate) fn stage(percent: u8) -> BroadcastAction {
    BroadcastAction::Stage(Staging {
        allow_list: true,
        percent,
    })
}

pub(crate) fn create_command(app_name: &str, draft: BroadcastDraft) -> BroadcastCommand {
    BroadcastCommand {
        app: app(app_name),
        operator: user("op"),
        of: None,
        action: BroadcastAction::Create(Box::new(draft)),
    }
}

/// On a broadcast as it was seen.
pub(crate) fn command(
    row: &BroadcastRow,
    operator: &str,
    action: BroadcastAction,
) -> BroadcastCommand {
    BroadcastCommand {
        app: row.app.clone(),
        operator: user(operator),
        of: Some((row.id, row.revision)),
        action,
    }
}

pub(crate) fn names(names: &[&str]) -> BTreeSet<UserId> {
    names.iter().map(|name| user(name)).collect()
}

pub(crate) fn seen(who: &str, ids: &[BroadcastId], device: Option<&str>, opened: bool) -> Op {
    seen_of("app", who, ids, device, opened)
}

pub(crate) fn seen_of(
    app: &str,
    who: &str,
    ids: &[BroadcastId],
    device: Option<&str>,
    opened: bool,
) -> Op {
    Op::Seen(Seen {
        account: account_of(app, who),
        broadcasts: ids.to_vec(),
        device: device.map(|name| DeviceId::new(name).unwrap()),
        opened,
    })
}

/// What a device has as new.
pub(crate) fn new(result: &OpResult) -> &[BroadcastId] {
    match result {
        Ok(Done::Seen { new }) => new,
        other => panic!("not marked: {other:?}"),
    }
}

impl Fresh {
    pub(crate) async fn create(&self, draft: BroadcastDraft) -> BroadcastRow {
        self.create_of("app", draft).await
    }

    pub(crate) async fn create_of(&self, app: &str, draft: BroadcastDraft) -> BroadcastRow {
        let made = self.store.command(create_command(app, draft), at_s(0));
        made.await.unwrap().unwrap()
    }

    /// One that everybody is shown.
    pub(crate) async fn published(&self, body: &str) -> BroadcastRow {
        let row = self.create(draft(body)).await;
        self.act(0, &row, BroadcastAction::Publish(None)).await
    }

    pub(crate) async fn act(
        &self,
        s: u64,
        row: &BroadcastRow,
        action: BroadcastAction,
    ) -> BroadcastRow {
        self.try_act(s, row, action).await.unwrap()
    }

    pub(crate) async fn try_act(
        &self,
        s: u64,
        row: &BroadcastRow,
        action: BroadcastAction,
    ) -> Result<BroadcastRow, BroadcastRefusal> {
        let command = command(row, "op", action);
        self.store.command(command, at_s(s)).await.unwrap()
    }

    pub(crate) async fn broadcast(&self, row: &BroadcastRow) -> Option<BroadcastRow> {
        self.store.broadcast(&row.app, row.id).await.unwrap()
    }

    pub(crate) async fn audit(&self, broadcast: Option<BroadcastId>) -> Vec<AuditRow> {
        let app = app("app");
        self.store.audit(&app, broadcast, None, 100).await.unwrap()
    }

    pub(crate) async fn changes(&self, after: u64) -> PublicChanges {
        let after = PubSeq::new(after).unwrap();
        self.store.public_changes(after).await.unwrap()
    }

    pub(crate) async fn change_allow_list(
        &self,
        change: AllowListChange,
    ) -> Result<BTreeSet<UserId>, usize> {
        let (app, by) = (app("app"), user("op"));
        let changed = self.store.change_allow_list(&app, &by, change, at_s(0));
        changed.await.unwrap()
    }
}
