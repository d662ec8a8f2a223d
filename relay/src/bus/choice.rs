//! Which bus it is, and the way to it.

use std::{fmt, sync::Arc, time::Duration};

use clap::ValueEnum;
use seqline_protocol::Epoch;
use serde::Deserialize;

use super::{
    Alone, Bus, BusError, NatsBus, NatsSettings, NodeId, PostgresBus, PostgresBusSettings,
};
use crate::{entropy::Entropy, store::Database};

/// The way between relays, as it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum BusKind {
    /// None: other relays are noticed by what they write.
    None,
    /// Over the database, if that is PostgreSQL.
    Postgres,
    /// Over NATS.
    Nats,
}

/// A way between relays that can be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BusChoice {
    /// See [`BusKind::None`].
    #[default]
    None,
    /// See [`BusKind::Postgres`].
    Postgres,
    /// See [`BusKind::Nats`].
    Nats(NatsSettings),
    /// One that is there already, for this relay alone: between relays of one process.
    Given(GivenBus),
}

/// A bus that is there already.
#[derive(Clone)]
pub struct GivenBus(pub Arc<dyn Bus>);

impl PartialEq for GivenBus {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for GivenBus {}

impl fmt::Debug for GivenBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GivenBus({:?})", self.0.node())
    }
}

impl BusChoice {
    /// Opens the way between all relays on this database. What it leads to need not be there yet.
    ///
    /// # Errors
    /// If it can never be.
    pub async fn open(
        self,
        (database, epoch): (&Database, Option<Epoch>),
        beat: Duration,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<dyn Bus>, BusError> {
        let Some(epoch) = epoch else {
            return Ok(Arc::new(Alone));
        };
        // Not more than what JSON's numbers hold everywhere.
        let node = NodeId(entropy.epoch().get());
        Ok(match (self, database) {
            (Self::Nats(settings), _) => {
                Arc::new(NatsBus::connect(settings, (node, epoch), entropy).await?)
            }
            (Self::Postgres, Database::Postgres(url)) => {
                let settings = PostgresBusSettings {
                    url: url.clone(),
                    beat,
                };
                let bus = PostgresBus::new(&settings, (node, epoch), entropy);
                Arc::new(bus.map_err(|error| BusError(error.to_string()))?)
            }
            (Self::Given(GivenBus(bus)), _) => bus,
            (Self::None | Self::Postgres, _) => Arc::new(Alone),
        })
    }
}
