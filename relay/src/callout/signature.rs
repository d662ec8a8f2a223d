//! By which an app's server knows that a request is the relay's, and fresh.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use seqline_protocol::{Micros, Secret};
use sha2::Sha256;

/// The value of the header `Seqline-Signature`: `t=SECONDS,v1=HEX`, where `HEX` is the
/// HMAC-SHA-256 of `SECONDS.BODY` with the app's webhook secret.
#[must_use]
pub fn sign(secret: &Secret, now: Micros, body: &str) -> String {
    let time_s = now.get() / 1_000_000;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("a key of any length will do");
    mac.update(time_s.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let mut header = format!("t={time_s},v1=");
    for byte in mac.finalize().into_bytes() {
        let _ = write!(header, "{byte:02x}");
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `docs/webhooks.md`, made with another implementation:
    /// `printf '1700000000.{"event":"ping"}' | openssl dgst -sha256 -hmac whsec-0123…`.
    #[test]
    fn is_what_the_documentation_says() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let now = Micros::new(1_700_000_000_999_999).unwrap();
        let header = sign(&secret, now, r#"{"event":"ping"}"#);
        let documentation = include_str!("../../../docs/webhooks.md");
        assert!(documentation.contains(&header), "{header}");
        assert_eq!(
            header,
            "t=1700000000,v1=d87c3110177ea3d0b3d41701f4a66541fcd9cb4a8f0360c5428c6edebbba15f3"
        );
    }
}
