//! The web interface's files, embedded in the binary. Unknown paths are pages of the single page application.

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::error::ApiError;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Dist;

/// Scripts, styles, fonts and connections of our own only.
const POLICY: &str = "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; \
    font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

/// Shown by binaries that were built without the web interface.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Tradewind</title>\
    <body style=\"font:16px/1.5 system-ui;max-width:40em;margin:4em auto;padding:0 1em\">\
    <h1>Tradewind</h1><p>This binary was built without the web interface. Build it and then the binary:</p>\
    <pre>make build</pre><p>The REST API works: see <a href=/api/v2/version>/api/v2/version</a>.</p>";

/// Everything that no route takes.
pub async fn handle(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if ["api/", "auth/", "ui/", "task-api/"].iter().any(|own| path.starts_with(own)) {
        return ApiError::not_found("Not Found").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed").into_response();
    }
    if path == "health" {
        return "OK".into_response();
    }
    match Dist::get(path).filter(|_| !path.is_empty()) {
        Some(file) => answer(path, file, &headers),
        // A file that an older page asks for must not come back as a page.
        None if path.starts_with("assets/") => ApiError::not_found("Not Found").into_response(),
        None => match Dist::get("index.html") {
            Some(file) => answer("index.html", file, &headers),
            None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hash[..12].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    // Names below assets/ carry a hash of their content.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(&tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (encoding, file) = compressed(path, headers).map_or((None, file), |(name, file)| (Some(name), file));
        let body = match file.data {
            std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes),
        };
        let mut response = ([(header::CONTENT_TYPE, content_type(path))], body).into_response();
        if let Some(name) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(name));
        }
        response
    };
    let own = [
        (header::CACHE_CONTROL, caching),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::VARY, "accept-encoding"),
    ];
    for (name, value) in own {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    if let Ok(tag) = tag.parse() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The file as the build compressed it, if it did and the client takes it.
fn compressed(path: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepted.contains(name))
        .find_map(|(name, suffix)| Dist::get(&format!("{path}{suffix}")).map(|file| (name, file)))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(method: Method, path: &str) -> (StatusCode, String) {
        let response = handle(method, path.parse().unwrap(), HeaderMap::new()).await;
        let kind = response.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap().to_owned());
        (response.status(), kind.unwrap_or_default())
    }

    #[tokio::test]
    async fn pages_of_the_application_are_found_and_missing_apis_are_not() {
        assert_eq!(status(Method::GET, "/dags/some.dag/grid").await.0, StatusCode::OK);
        assert!(status(Method::GET, "/").await.1.starts_with("text/html"));
        assert_eq!(status(Method::GET, "/api/v2/nothing").await, (StatusCode::NOT_FOUND, "application/json".into()));
        assert_eq!(status(Method::GET, "/assets/old-1234.js").await.0, StatusCode::NOT_FOUND);
        assert_eq!(status(Method::POST, "/dags").await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}
