//! Which web pages may open a socket. Browsers send their page's origin with the
//! upgrade, and no one else stops a foreign page from using a visitor's network.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

/// The origins that are let in beside the relay's own.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    listed: Vec<String>,
    allows_loopback: bool,
}

impl Origins {
    /// These, such as `https://chat.example`; and all of this machine in development.
    #[must_use]
    pub fn new(listed: Vec<String>, allows_loopback: bool) -> Self {
        Self {
            listed,
            allows_loopback,
        }
    }

    /// Whether a request may come from where it says it does. One without an origin is
    /// not a browser's.
    #[must_use]
    pub fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.listed.iter().any(|listed| listed == origin)
            || is_same(origin, headers)
            || self.allows_loopback && is_loopback(origin)
    }
}

fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    origin
        .split_once("://")
        .is_some_and(|(_, authority)| Some(authority) == host)
}

/// Whether an origin, or the host that a request asks for, is of this machine.
#[must_use]
pub(super) fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn lets_in_its_own_pages_listed_ones_and_what_is_no_browser() {
        let origins = Origins::new(vec!["https://chat.example".to_owned()], false);
        for (origin, allowed) in [
            (None, true),
            (Some("http://relay.example:7340"), true),
            (Some("https://chat.example"), true),
            (Some("https://chat.example.evil"), false),
            (Some("http://relay.example"), false),
            (Some("http://localhost:5173"), false),
            (Some("null"), false),
        ] {
            let headers = headers("relay.example:7340", origin);
            assert_eq!(origins.allow(&headers), allowed, "{origin:?}");
        }
    }

    #[test]
    fn development_lets_in_the_whole_machine_and_no_more() {
        let origins = Origins::new(Vec::new(), true);
        for (origin, allowed) in [
            ("http://localhost:5173", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:5173", true),
            ("http://localhost.evil", false),
            ("http://10.0.0.1", false),
        ] {
            let headers = headers("127.0.0.1:7340", Some(origin));
            assert_eq!(origins.allow(&headers), allowed, "{origin}");
        }
    }
}
