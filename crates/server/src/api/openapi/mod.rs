//! The OpenAPI document of `/api/v2`, and pages to read it: `/openapi.json`, `/docs`, `/redoc`.
//!
//! `v2.json` is kept by hand: one operation and one schema a line. Tests hold it to the routes, and schemathesis holds
//! it to the answers of a running server (`tests/e2e/test_openapi.py`).

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

use crate::routes::Routes;

/// The document.
pub const DOCUMENT: &str = include_str!("v2.json");

/// A page without anything from elsewhere.
const PAGE: &str = include_str!("docs.html");

/// Adds this file's routes.
pub fn routes(routes: Routes) -> Routes {
    routes.get("/openapi.json", document).get("/docs", page).get("/redoc", page)
}

async fn document() -> impl IntoResponse {
    typed("application/json", DOCUMENT)
}

async fn page() -> impl IntoResponse {
    typed("text/html; charset=utf-8", PAGE)
}

fn typed(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::http::contract::plain;

    #[test]
    fn the_document_has_the_routes_and_the_routes_have_the_document() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let documented: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| plain(method, path)))
            .collect();
        let all = crate::routes::all();
        let served: BTreeSet<String> = all
            .added()
            .iter()
            .filter(|(_, path)| path.starts_with("/api/v2/"))
            .map(|(method, path)| plain(method.as_str(), path))
            .collect();
        assert_eq!(documented.difference(&served).collect::<Vec<_>>(), Vec::<&String>::new(), "not served");
        assert_eq!(served.difference(&documented).collect::<Vec<_>>(), Vec::<&String>::new(), "not documented");
        assert_eq!(documented.len(), 135);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        for part in DOCUMENT.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
