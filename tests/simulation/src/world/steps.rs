//! What users, the app's server and operators do.

use seqline_core::{Command, Input};
use seqline_protocol::{ConvId, ConvSeq, Kind, UserId};
use seqline_relay::store::BroadcastState;
use serde_json::json;

use super::{World, api, device::Asked};
use crate::{
    exits::user_id,
    model::Checked,
    plan::{Action, Broadcast, Device, To},
};

/// Numbers in a window in which broadcasts tell who is connected.
const STAGES: u8 = 100;

impl World<'_> {
    pub(super) fn act(&mut self, action: &Action) -> Checked {
        match action {
            Action::Send { device, to } => self.send(*device, *to),
            Action::SendTwin { device } => self.send_twin(*device),
            Action::ServerSend { user, to } => {
                self.count("server_sends");
                self.send_as_server(*user, *to);
                Ok(())
            }
            Action::Retry { device } => self.retry(*device),
            Action::Recall { device } => self.recall(*device),
            Action::Edit { device } => self.edit(*device),
            Action::Read { device } => self.read(*device),
            Action::Delete { device } => self.delete(*device),
            Action::Follow { device, channel } => self.follow(*device, *channel),
            Action::Invite { group, users } => {
                let users: Vec<UserId> = users.iter().map(|user| user_id(user.0)).collect();
                let params = json!({ "conv": api::group(*group), "users": users });
                self.count("invites");
                self.call_as_server("groups.invite", &params);
                Ok(())
            }
            Action::Remove { group, user } => {
                let users = [user_id(user.0)];
                let params = json!({ "conv": api::group(*group), "users": users });
                self.count("removes");
                self.call_as_server("groups.remove", &params);
                Ok(())
            }
            Action::Broadcast(broadcast) => {
                self.broadcast(*broadcast);
                Ok(())
            }
            Action::AllowList { user, is_on } => {
                let users = [user_id(user.0)];
                let method = if *is_on {
                    "allow_list.add"
                } else {
                    "allow_list.remove"
                };
                self.call_as_operator(method, &json!({ "users": users }));
                Ok(())
            }
            Action::Connect { device } => self.input(*device, Input::Connect),
            Action::Disconnect { device } => {
                self.count("disconnect");
                self.input(*device, Input::Disconnect)
            }
            Action::Background {
                device,
                is_background,
            } => {
                self.count("background");
                self.input(*device, Input::Background(*is_background))
            }
            Action::Fault(fault) => self.fault(fault),
        }
    }

    /// Something happens to the app on a device, unless it sleeps.
    pub(super) fn input(&mut self, device: Device, input: Input) -> Checked {
        let Some(node) = self.devices.get(usize::from(device.0)) else {
            return Ok(());
        };
        if node.sleeps_until_ms.is_some() {
            return Ok(());
        }
        self.feed(node.current, input)
    }

    fn command(&mut self, device: Device, asked: Asked, command: Command) -> Checked {
        let Some(node) = self.devices.get(usize::from(device.0)) else {
            return Ok(());
        };
        let current = node.current;
        let call = self.processes[current.0].next_call(asked);
        self.input(device, Input::Call(call, command))
    }

    pub(super) fn send(&mut self, device: Device, to: To) -> Checked {
        let index = usize::from(device.0);
        let Some(node) = self.devices.get_mut(index) else {
            return Ok(());
        };
        if node.sleeps_until_ms.is_some() {
            return Ok(());
        }
        node.bodies += 1;
        let body = format!("d{index} {}", node.bodies);
        let conv = api::conversation(&node.user, to);
        let id = self.draft_id(index);
        self.devices[index].drafts.add(id.clone(), conv);
        self.count("sends");
        let draft = seqline_protocol::Send {
            client_msg_id: id,
            to: api::target(to),
            kind: Kind::text(),
            body,
            priority: seqline_protocol::Priority::Normal,
            expires_us: None,
            key: None,
            replace: false,
            business: None,
            mentions: Vec::new(),
        };
        self.devices[index].last_draft = Some(draft.clone());
        self.command(device, Asked::Other, Command::Send(draft))
    }

    fn send_twin(&mut self, device: Device) -> Checked {
        let Some(node) = self.devices.get_mut(usize::from(device.0)) else {
            return Ok(());
        };
        let Some(draft) = node.last_draft.clone() else {
            return Ok(());
        };
        node.drafts.twin(&draft.client_msg_id);
        let user = node.user.clone();
        self.count("sends_over_http");
        self.send_over_http(&user, draft.client_msg_id, &draft.to, &draft.body);
        Ok(())
    }

    /// The app sends the newest message that was refused once more.
    fn retry(&mut self, device: Device) -> Checked {
        let Some(node) = self.devices.get_mut(usize::from(device.0)) else {
            return Ok(());
        };
        let Some(id) = node.drafts.newest_failed() else {
            return Ok(());
        };
        if node.sleeps_until_ms.is_some() {
            return Ok(());
        }
        node.drafts.retried(&id);
        self.count("retries");
        self.command(device, Asked::Other, Command::Retry { client_msg_id: id })
    }

    /// The place of the newest message of a device that is stored, as it knows.
    fn newest_own(&self, device: Device) -> Option<(ConvId, ConvSeq)> {
        let node = self.devices.get(usize::from(device.0))?;
        let (id, _) = node.drafts.sent().next()?;
        let (conv, at) = self.truth.place(&node.user, id)?;
        Some((conv.clone(), ConvSeq::saturating(*at)))
    }

    fn newest_shown(&self, device: Device) -> Option<(ConvId, ConvSeq)> {
        self.devices.get(usize::from(device.0))?.newest.clone()
    }

    fn recall(&mut self, device: Device) -> Checked {
        let Some((conv, conv_seq)) = self.newest_own(device) else {
            return Ok(());
        };
        self.count("recalls");
        let asked = Asked::Recall(conv.clone(), conv_seq);
        self.command(device, asked, Command::Recall { conv, conv_seq })
    }

    fn edit(&mut self, device: Device) -> Checked {
        let Some((conv, conv_seq)) = self.newest_own(device) else {
            return Ok(());
        };
        self.count("edits");
        let node = &mut self.devices[usize::from(device.0)];
        node.bodies += 1;
        let body = format!("d{} {}, edited", device.0, node.bodies);
        let params = json!({ "conv": conv, "conv_seq": conv_seq, "body": body });
        let asked = Asked::Edit(conv, conv_seq, body);
        self.command(device, asked, call("messages.edit", &params))
    }

    fn read(&mut self, device: Device) -> Checked {
        let Some((conv, conv_seq)) = self.newest_shown(device) else {
            return Ok(());
        };
        let node = &mut self.devices[usize::from(device.0)];
        if node.sleeps_until_ms.is_some() {
            return Ok(());
        }
        let current = node.current;
        let mark = node.unconfirmed.entry(conv.clone()).or_default();
        *mark = conv_seq.max(*mark);
        self.marks.raise_read(&node.user, &conv, conv_seq.get());
        self.count("reads");
        self.ask_read(current, conv, conv_seq)
    }

    fn delete(&mut self, device: Device) -> Checked {
        let Some((conv, conv_seq)) = self.newest_shown(device) else {
            return Ok(());
        };
        self.count("deletes");
        let params = json!({ "conv": conv, "conv_seq": conv_seq });
        self.command(device, Asked::Other, call("messages.delete", &params))
    }

    fn follow(&mut self, device: Device, channel: u8) -> Checked {
        let conv = api::channel(channel);
        let Some(node) = self.devices.get(usize::from(device.0)) else {
            return Ok(());
        };
        let known = self.truth.conversation(&conv);
        let is_in = known.is_some_and(|one| one.members.contains(&node.user));
        let method = if is_in { "groups.leave" } else { "groups.join" };
        self.count("joins_and_leaves");
        let params = json!({ "conv": conv });
        self.command(device, Asked::Other, call(method, &params))
    }

    fn broadcast(&mut self, broadcast: Broadcast) {
        self.count("broadcast_changes");
        let count = self.last_call;
        let content = json!({ "title": "News", "body": format!("text {count}") });
        let of = |back: u8| {
            let rows = || self.public.rows().filter(|row| !row.is_deleted);
            let row = rows().nth(usize::from(back) % rows().count().max(1))?;
            Some((row.id, row.revision, row.state))
        };
        let (method, params) = match broadcast {
            Broadcast::Draft => ("broadcasts.create", json!({ "content": content })),
            Broadcast::DraftForListed => {
                let audience = json!({ "allow_list_only": true });
                let params = json!({ "content": content, "audience": audience });
                ("broadcasts.create", params)
            }
            Broadcast::Publish { back, wave_ms } => {
                let Some((id, revision, _)) = of(back) else {
                    return;
                };
                let wave = wave_ms.map(|window_ms| json!({ "window_ms": window_ms.max(100) }));
                let params = json!({ "id": id, "revision": revision, "wave": wave });
                ("broadcasts.publish", params)
            }
            Broadcast::Stage { back, percent } => {
                let Some((id, revision, _)) = of(back) else {
                    return;
                };
                let percent = percent % (STAGES + 1);
                let params = json!({ "id": id, "revision": revision, "percent": percent });
                ("broadcasts.stage", params)
            }
            Broadcast::Edit { back } => {
                let Some((id, revision, state)) = of(back) else {
                    return;
                };
                if state == BroadcastState::Recalled {
                    return;
                }
                let params = json!({ "id": id, "revision": revision, "content": content });
                ("broadcasts.edit", params)
            }
            Broadcast::Stop { back } => match of(back) {
                Some((id, revision, _)) => {
                    ("broadcasts.stop", json!({ "id": id, "revision": revision }))
                }
                None => return,
            },
            Broadcast::Recall { back } => match of(back) {
                Some((id, revision, _)) => (
                    "broadcasts.recall",
                    json!({ "id": id, "revision": revision }),
                ),
                None => return,
            },
            Broadcast::Delete { back } => match of(back) {
                Some((id, revision, _)) => (
                    "broadcasts.delete",
                    json!({ "id": id, "revision": revision }),
                ),
                None => return,
            },
        };
        self.call_as_operator(method, &params);
    }
}

fn call(method: &str, params: &serde_json::Value) -> Command {
    Command::Call {
        method: method.to_owned(),
        params: params.to_string(),
        repeatable: true,
    }
}
