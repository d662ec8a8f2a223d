//! The web page, from inside the binary.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use rust_embed::{Embed, EmbeddedFile};

use super::refusal;

#[derive(Embed)]
#[folder = "../www/chat/dist"]
#[allow_missing = true]
struct Page;

const INDEX: &str = "index.html";

const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>Seqline relay</title>
<h1>The relay is running</h1>
<p>This binary was built without the web page. To have it: run <code>npm run build</code> at the
top of the repository, which builds the page and then the relay; or <code>npm start</code>, which
also starts it.</p>
<p>Clients connect to <code>/v1/socket</code>.</p>
";

/// A file of the page; the page itself for any path that looks like one of its views.
pub(super) async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let text = "there is nothing here but pages to GET";
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text);
    }
    let path = uri.path().trim_start_matches('/');
    let is_view = !path.rsplit('/').next().unwrap_or_default().contains('.')
        && !path.starts_with("v1/")
        && !path.starts_with("dev/");
    let file = Page::get(path).map(|file| (path, file)).or_else(|| {
        let index = is_view.then(|| Page::get(INDEX)).flatten()?;
        Some((INDEX, index))
    });
    match file {
        Some((path, file)) => serve(path, &file, &headers),
        None if is_view => {
            let content_type = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (content_type, NOT_BUILT).into_response()
        }
        None => refusal(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
    }
}

fn serve(path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let etag = etag(file);
    let is_known = asked.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
        tags.as_bytes()
            .windows(etag.len())
            .any(|tag| tag == etag.as_bytes())
    });
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(content(file)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(file));
    headers.insert(header::CACHE_CONTROL, cache_control(path));
    if let Ok(etag) = etag.parse() {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        content_security_policy(asked),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

/// Without a copy where it is part of the binary.
fn content(file: &EmbeddedFile) -> Bytes {
    match &file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::copy_from_slice(data),
    }
}

fn etag(file: &EmbeddedFile) -> String {
    let mut etag = String::from("\"");
    for byte in file.metadata.sha256_hash().iter().take(16) {
        etag.push_str(&format!("{byte:02x}"));
    }
    etag.push('"');
    etag
}

fn content_type(file: &EmbeddedFile) -> HeaderValue {
    let mime = file.metadata.mimetype();
    let text = match mime {
        "text/html" | "text/css" | "text/javascript" | "text/plain" => {
            format!("{mime}; charset=utf-8")
        }
        _ => mime.to_owned(),
    };
    HeaderValue::try_from(text)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// What the build puts into `assets/` has a hash of its content in its name.
fn cache_control(path: &str) -> HeaderValue {
    HeaderValue::from_static(if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    })
}

/// Nothing from elsewhere, and no script but the page's own. Older Safari does not
/// count the own socket as `'self'`, so it is named.
fn content_security_policy(asked: &HeaderMap) -> HeaderValue {
    let sockets = asked
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| host.bytes().all(is_host_byte))
        .map(|host| format!(" ws://{host} wss://{host}"))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
         style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         connect-src 'self'{sockets}; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'self'"))
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte)
}
