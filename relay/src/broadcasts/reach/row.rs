//! What a sketch is stored under, and as.

use datasketches::hll::HllSketch;

use super::Deed;
use crate::limits::REACH_HOURS_KEPT;

/// A part of a broadcast's reach. As a key: `handed` for the total, and `handed/41/browser` for
/// an hour and a host, where hours that are a week apart have the same key: so what is stored
/// does not grow with the time that a broadcast is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Total(Deed),
    Hour { deed: Deed, slot: u64, host: String },
}

impl Part {
    pub(super) fn of_hour(deed: Deed, hour: u64, host: &str) -> Self {
        Self::Hour {
            deed,
            slot: hour % REACH_HOURS_KEPT,
            host: host.to_owned(),
        }
    }

    pub(super) fn key(&self) -> String {
        match self {
            Self::Total(deed) => deed.name().to_owned(),
            Self::Hour { deed, slot, host } => format!("{}/{slot}/{host}", deed.name()),
        }
    }

    /// None for what is stored beside the sketches, or by a newer relay.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let Some((name, rest)) = key.split_once('/') else {
            return Deed::of_name(key).map(Self::Total);
        };
        let (slot, host) = rest.split_once('/')?;
        Some(Self::Hour {
            deed: Deed::of_name(name)?,
            slot: slot.parse().ok()?,
            host: host.to_owned(),
        })
    }
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Self::Handed => "handed",
            Self::Opened => "opened",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Handed, Self::Opened]
            .into_iter()
            .find(|deed| deed.name() == name)
    }
}

/// The hour, as 8 bytes, before the sketch: a key alone does not tell weeks apart.
pub(super) fn write(hour: u64, sketch: &HllSketch) -> Vec<u8> {
    let mut bytes = hour.to_le_bytes().to_vec();
    bytes.extend(sketch.serialize());
    bytes
}

/// The hour and the sketch; none if it is neither.
pub(super) fn read(bytes: &[u8]) -> Option<(u64, HllSketch)> {
    let (hour, sketch) = bytes.split_first_chunk()?;
    Some((
        u64::from_le_bytes(*hour),
        HllSketch::deserialize(sketch).ok()?,
    ))
}
