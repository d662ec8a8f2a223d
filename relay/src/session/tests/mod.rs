//! The session's rules, in virtual time and without a socket.

mod feed;
mod greeting;
mod lifetime;
mod reads;
mod support;
mod writes;
