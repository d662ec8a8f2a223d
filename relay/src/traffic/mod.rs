//! What a single address may cost, whoever is behind it.

mod addresses;
mod tally;

pub use self::{
    addresses::{Addresses, Network},
    tally::{Place, Tally},
};
