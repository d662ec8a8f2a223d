//! What a database is, as it is found: for whoever runs a relay on it. Nothing is changed.

use seqline_protocol::Micros;

use super::Fallback;

/// One step of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStep {
    /// The database's own schema, or that of something beside it.
    pub part: &'static str,
    /// Counts from 1.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// A database as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Which program, and its version.
    pub product: String,
    /// Whether there is one: a file that is missing is made by the relay.
    pub exists: bool,
    /// All steps of its schema that this relay knows.
    pub steps: Vec<SchemaStep>,
    /// Why nothing can be written, if so.
    pub read_only: Option<String>,
    /// Settings by which what was acknowledged could be lost: what they are, and should be.
    pub unsafe_settings: Vec<String>,
    /// What a server's clock shows.
    pub wall: Option<Micros>,
    /// How many connections a server has, and may have.
    pub connections: Option<(u32, u32)>,
    /// Whether a relay holds the file now.
    pub is_in_use: bool,
}

/// A standby as it was found, beside the database that it is to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaInspection {
    /// Why a relay would not read it now, if so.
    pub fallback: Option<Fallback>,
    /// How much of the database's log it has not taken over yet; less than zero if it is further.
    pub lag_bytes: i64,
}
