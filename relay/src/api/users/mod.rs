//! Users, for the app's server.

mod get;
mod kick;
mod named;
mod register;

pub(super) use self::{
    get::Get,
    kick::Kick,
    named::{Named, check_count, named_users},
    register::Register,
};
