//! Who is online, where users share it.

mod get;
mod share;

pub(super) use self::{
    get::{Get, Presence},
    share::Share,
};
