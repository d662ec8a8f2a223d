//! The app's allow-list: users that broadcasts are tried out on, or are only for.

mod add;
mod change;
mod get;
mod remove;
mod replace;

pub(super) use self::{add::Add, get::Get, remove::Remove, replace::Replace};
