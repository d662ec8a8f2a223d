//! Who may do what. Every endpoint and frame is asked with every kind of token and by everyone
//! whom it is not for; what came of it is written in `docs/security.md`, which is compared with
//! it. After a change: `SEQLINE_UPDATE_DOCS=1 cargo test -p seqline-relay --test server security`,
//! and read the difference.

mod callers;
mod doors;
mod frames;
mod headers;
mod routes;
mod secrets;
mod table;
mod tokens;
mod world;
