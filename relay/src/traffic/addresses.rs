//! Who is on the other side, as far as the network tells.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The list of addresses that a request came through, as proxies write it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// How much of an IPv6 address is one subscriber's: any of the rest is free to take.
const IPV6_SUBSCRIBER_BITS: u8 = 64;

/// An address, or a range of them: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>());
        network
            .map(Self)
            .map_err(|_| format!("{text:?} is no address such as 10.0.0.7 or 10.0.0.0/8"))
    }
}

/// Whose word counts about who is behind a connection, and who is not counted.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Addresses that the limits of one address are not for.
    pub uncounted: Vec<Network>,
}

impl Default for Addresses {
    /// No proxy is trusted. Loopback is not counted: that is tools of this machine, or a proxy
    /// on it, behind which everyone would be one.
    fn default() -> Self {
        let loopback = [
            (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
        ];
        let loopback = loopback.map(|(address, bits)| Network(IpNet::new_assert(address, bits)));
        Self {
            trusted_proxies: Vec::new(),
            uncounted: loopback.to_vec(),
        }
    }
}

impl Addresses {
    /// Who asks: the peer itself, or whom trusted proxies say that they ask for.
    ///
    /// The list is read from its end, where the nearest proxy wrote: what stands before the
    /// first address that is no trusted proxy's is anyone's claim.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).into_iter();
        let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        let mut named = lines.iter().rev().flat_map(|line| line.rsplit(','));
        while is_in(client, &self.trusted_proxies)
            && let Some(address) = named.next().and_then(parse)
        {
            client = address;
        }
        client
    }

    /// What an address is counted as; none if it is not counted.
    #[must_use]
    pub fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        if is_in(address, &self.uncounted) || is_in(address, &self.trusted_proxies) {
            return None;
        }
        Some(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(_) => IpNet::new_assert(address, IPV6_SUBSCRIBER_BITS).network(),
        })
    }
}

fn is_in(address: IpAddr, networks: &[Network]) -> bool {
    networks.iter().any(|one| one.0.contains(&address))
}

/// Some proxies add the port.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || {
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|one| one.ip())
    };
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = text.parse().ok().or_else(with_port).or_else(bracketed);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(trusted: &[&str], uncounted: &[&str]) -> Addresses {
        let all = |texts: &[&str]| texts.iter().map(|one| one.parse().unwrap()).collect();
        Addresses {
            trusted_proxies: all(trusted),
            uncounted: all(uncounted),
        }
    }

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let peer = peer.parse().unwrap();
        addresses(trusted, &[]).client(peer, &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_say_whom_they_ask_for() {
        let proxies = ["10.0.0.0/8", "fd00::1"];
        for (peer, lines, expected) in [
            ("192.0.2.7", &["198.51.100.1"][..], "192.0.2.7"),
            ("10.1.1.1", &[], "10.1.1.1"),
            ("10.1.1.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.1.1.1", &["198.51.100.1"], "198.51.100.1"),
            ("fd00::1", &["2001:db8::5"], "2001:db8::5"),
            ("10.1.1.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["198.51.100.1, 10.2.2.2"], "198.51.100.1"),
            ("10.1.1.1", &["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.1.1.1", &["[2001:db8::5]"], "2001:db8::5"),
            ("10.1.1.1", &["[2001:db8::5]:443"], "2001:db8::5"),
            ("10.1.1.1", &["198.51.100.1, unknown"], "10.1.1.1"),
        ] {
            assert_eq!(client(&proxies, peer, lines), expected, "{peer} {lines:?}");
        }
        assert_eq!(client(&[], "10.1.1.1", &["198.51.100.1"]), "10.1.1.1");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_whatever_addresses_it_takes() {
        let addresses = addresses(&["10.0.0.1"], &["127.0.0.0/8"]);
        let counted = |text: &str| addresses.counted(text.parse().unwrap());
        assert_eq!(counted("2001:db8::5"), counted("2001:db8::ffff:1:2"));
        assert_ne!(counted("2001:db8::5"), counted("2001:db8:0:1::5"));
        assert_ne!(counted("192.0.2.7"), counted("192.0.2.8"));
        assert_eq!(counted("::ffff:192.0.2.7"), counted("192.0.2.7"));
        for not_counted in ["127.0.0.2", "10.0.0.1", "::ffff:127.0.0.1"] {
            assert_eq!(counted(not_counted), None, "{not_counted}");
        }
    }

    #[test]
    fn loopback_is_not_counted_by_default() {
        let addresses = Addresses::default();
        for address in ["127.0.0.1", "127.8.8.8", "::1"] {
            assert_eq!(addresses.counted(address.parse().unwrap()), None);
        }
        let other = "192.0.2.7".parse().unwrap();
        assert_eq!(addresses.counted(other), Some(other));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0", "10.0.0.0/33", "example.org", "fd00::/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
