mod audience;
mod check;
mod life;
mod page;
mod poll;
pub(crate) mod support;
mod view;
