//! A user's devices.

mod end;
mod list;

pub(super) use self::{end::End, list::List};
