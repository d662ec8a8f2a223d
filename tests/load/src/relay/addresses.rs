//! Where the relays of a fleet listen: at least one.

use std::{iter::once, net::SocketAddr};

/// One address or several.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    first: SocketAddr,
    others: Vec<SocketAddr>,
}

impl Addresses {
    /// Of a relay.
    #[must_use]
    pub(super) fn of(first: SocketAddr) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    /// One more.
    pub(super) fn add(&mut self, other: SocketAddr) {
        self.others.push(other);
    }

    /// Of the first relay.
    #[must_use]
    pub(super) fn first(&self) -> SocketAddr {
        self.first
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = SocketAddr> {
        once(self.first).chain(self.others.iter().copied())
    }

    /// Where the `n`th client connects. In pairs, the two are on different relays, and as many
    /// write from each as to each.
    #[must_use]
    pub(super) fn of_client(&self, n: usize) -> SocketAddr {
        let at = (n / 2 + n % 2) % (1 + self.others.len());
        self.all().nth(at).unwrap_or(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_spread_over_all_and_never_on_one() {
        for count in 2..=5_u16 {
            let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
            let mut addresses = Addresses::of(address(1));
            (2..=count).for_each(|port| addresses.add(address(port)));
            let mut writers = vec![0; usize::from(count) + 1];
            for pair in 0..usize::from(count) * 10 {
                let [writer, reader] = [2 * pair, 2 * pair + 1].map(|n| addresses.of_client(n));
                assert_ne!(writer, reader);
                *writers.get_mut(usize::from(writer.port())).unwrap() += 1;
            }
            assert!(writers.iter().skip(1).all(|count| *count == 10));
        }
    }
}
