//! The session's rules, in virtual time and without a socket.

mod allowance;
mod calls;
mod checks;
mod crowds;
mod ephemeral;
mod feed;
mod greeting;
mod lifetime;
mod logins;
mod public;
mod reads;
mod sends;
mod support;
mod writes;
