//! Where traces go.

use axum::http::Uri;

use super::Check;
use crate::traces::TraceRules;

/// Where a collector takes traces, unless the URL names a path.
const PATH: &str = "/v1/traces";

const SAMPLE_DEFAULT: f64 = 0.01;
const SERVICE_DEFAULT: &str = "seqline-relay";

impl Check<'_> {
    pub(super) fn traces(&mut self) -> Option<TraceRules> {
        let sample = self.number("otlp_sample", |s| &s.otlp_sample, SAMPLE_DEFAULT, 0.0..=1.0);
        let service = self.sources.pick("otlp_service", |s| &s.otlp_service).0;
        let (url, origin) = self.sources.pick("otlp_url", |s| &s.otlp_url);
        match parse(&url?) {
            Ok(url) => Some(TraceRules {
                url,
                sample,
                service: service.unwrap_or_else(|| SERVICE_DEFAULT.to_owned()),
            }),
            Err(reason) => {
                self.problem("otlp_url", origin, reason);
                None
            }
        }
    }
}

fn parse(text: &str) -> Result<Uri, String> {
    let refused = |why: &str| {
        format!("{text:?} is no URL of a collector such as http://127.0.0.1:4318: {why}")
    };
    let url: Uri = text.parse().map_err(|error| refused(&format!("{error}")))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(refused(
            "it begins with http:// or https:// (OTLP over HTTP, not gRPC)",
        ));
    }
    if url.host().is_none_or(str::is_empty) {
        return Err(refused("it names no host"));
    }
    if url.path() != "/" {
        return Ok(url);
    }
    let whole = format!("{}{PATH}", text.trim_end_matches('/'));
    whole.parse().map_err(|error| refused(&format!("{error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_with_or_without_its_path() {
        for (text, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example/otlp", "https://otel.example/otlp"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), url);
        }
        for text in [
            "",
            "127.0.0.1:4318",
            "grpc://host:4317",
            "http:///v1",
            "http://a b",
        ] {
            let reason = parse(text).unwrap_err();
            assert!(reason.contains("such as http://127.0.0.1:4318"), "{reason}");
        }
    }
}
