//! Web pages from inside the binary: the chat, the operators' console, and the reference of the API.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use rust_embed::Embed;

use super::refusal;

#[derive(Embed)]
#[folder = "../www/chat/dist"]
#[allow_missing = true]
struct Chat;

#[derive(Embed)]
#[folder = "../www/console/dist"]
#[allow_missing = true]
struct Console;

#[derive(Embed)]
#[folder = "../www/reference/dist"]
#[allow_missing = true]
struct Reference;

/// Where the operators' console is.
pub(super) const CONSOLE: &str = "/console";

/// Where the reference of the API is.
pub(super) const REFERENCE: &str = "/docs/api";

/// What the reference's library draws its signs with, beside what every page may do.
const REFERENCE_IMAGES: &str = "'self' data:";

const INDEX: &str = "index.html";

const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>Seqline relay</title>
<h1>The relay is running</h1>
<p>This binary was built without the web page. To have it: run <code>npm run build</code> at the
top of the repository, which builds the page and then the relay; or <code>npm start</code>, which
also starts it.</p>
<p>Clients connect to <code>/v1/socket</code>; the HTTP API is described in
<code>/v1/openapi.json</code>.</p>
";

/// A file as it is served.
struct File {
    path: String,
    data: Bytes,
    content_type: String,
    etag: String,
    images: &'static str,
}

/// A file of the chat page; the page itself for any path that looks like one of its views.
pub(super) async fn chat(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let text = "there is nothing here but pages to GET";
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text);
    }
    let path = uri.path().trim_start_matches('/');
    let is_view = !path.rsplit('/').next().unwrap_or_default().contains('.')
        && !path.starts_with("v1/")
        && !path.starts_with("docs/")
        && !path.starts_with("dev/");
    let file = File::of::<Chat>(path)
        .or_else(|| is_view.then(|| File::of::<Chat>(INDEX).unwrap_or_else(File::not_built)));
    found(file, &headers)
}

/// A file of the console; its page for its own address.
pub(super) async fn console(uri: Uri, headers: HeaderMap) -> Response {
    found(below::<Console>(CONSOLE, &uri), &headers)
}

/// A file of the API's reference; its page for its own address.
pub(super) async fn reference(uri: Uri, headers: HeaderMap) -> Response {
    let images = REFERENCE_IMAGES;
    let file = below::<Reference>(REFERENCE, &uri).map(|file| File { images, ..file });
    found(file, &headers)
}

fn below<E: Embed>(address: &str, uri: &Uri) -> Option<File> {
    let path = uri.path().trim_start_matches(address);
    match path.trim_start_matches('/') {
        "" => Some(File::of::<E>(INDEX).unwrap_or_else(File::not_built)),
        path => File::of::<E>(path),
    }
}

fn found(file: Option<File>, headers: &HeaderMap) -> Response {
    match file {
        Some(file) => serve(file, headers),
        None => refusal(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
    }
}

impl File {
    fn of<E: Embed>(path: &str) -> Option<Self> {
        let file = E::get(path)?;
        Some(Self {
            path: path.to_owned(),
            content_type: content_type(file.metadata.mimetype()),
            etag: etag(&file.metadata.sha256_hash()),
            images: "'self'",
            // Without a copy where it is part of the binary.
            data: match file.data {
                Cow::Borrowed(data) => Bytes::from_static(data),
                Cow::Owned(data) => data.into(),
            },
        })
    }

    fn not_built() -> Self {
        Self {
            path: INDEX.to_owned(),
            data: Bytes::from_static(NOT_BUILT.as_bytes()),
            content_type: content_type("text/html"),
            etag: "\"not-built\"".to_owned(),
            images: "'self'",
        }
    }
}

fn serve(file: File, asked: &HeaderMap) -> Response {
    let is_known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .any(|tags| tags.contains(&file.etag));
    let headers = [
        (header::CONTENT_TYPE, file.content_type),
        (header::ETAG, file.etag),
        (header::CACHE_CONTROL, cache_control(&file.path).to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            content_security_policy(asked, file.images),
        ),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    if is_known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, Body::from(file.data)).into_response()
    }
}

fn etag(hash: &[u8]) -> String {
    let hex: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

fn content_type(mime: &str) -> String {
    match mime {
        "text/html" | "text/css" | "text/javascript" | "text/plain" => {
            format!("{mime}; charset=utf-8")
        }
        _ => mime.to_owned(),
    }
}

/// What the build puts into `assets/` has a hash of its content in its name.
fn cache_control(path: &str) -> &'static str {
    if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// Nothing from elsewhere, and no script but the page's own. Older Safari does not
/// count the own socket as `'self'`, so it is named.
fn content_security_policy(asked: &HeaderMap, images: &str) -> String {
    let sockets = asked
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| !host.is_empty() && host.bytes().all(is_host_byte))
        .map(|host| format!(" ws://{host} wss://{host}"))
        .unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src {images}; \
         connect-src 'self'{sockets}; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte)
}
