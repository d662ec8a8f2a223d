//! What is measured, and how it is kept.

pub mod ledger;
pub mod process;
pub mod series;
pub mod stopwatch;
pub mod traffic;
