//! Groups and channels.

mod change;
mod create;
mod dissolve;
mod edit;
mod get;
mod invite;
mod join;
mod leave;
mod members;
mod mute;
mod mute_all;
mod remove;
mod role;
mod transfer;

pub(super) use self::{
    create::Create, dissolve::Dissolve, edit::Edit, get::Get, invite::Invite, join::Join,
    leave::Leave, members::Members, mute::Mute, mute_all::MuteAll, remove::Remove, role::Role,
    transfer::Transfer,
};
