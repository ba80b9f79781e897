//! What clients send that is wrong or meant to harm, and operations that need nobody else.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::server::{add_dags, read, servers};

#[tokio::test]
async fn bad_input_is_refused_with_words() {
    for server in servers().await {
        add_dags(&server.store).await;
        let get = async |path: &str| server.get(path).await.status;
        for page in ["limit=-1", "limit=x", "offset=-1", "offset=9999999999999999999999", "limit=1e3"] {
            assert_eq!(get(&format!("/api/v2/dags?{page}")).await, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        }
        assert_eq!(get("/api/v2/dags?order_by=dag_id;DROP%20TABLE%20dag").await, StatusCode::UNPROCESSABLE_ENTITY);
        for cursor in ["x", "%00", "~", "AAAA", "JycgT1IgMT0x"] {
            let path = format!("/api/v2/dags/~/dagRuns?cursor={cursor}");
            assert_eq!(get(&path).await, StatusCode::BAD_REQUEST, "{cursor}");
        }
        // Nothing that is sent becomes SQL, also not in patterns, and no text has a NUL in it.
        for text in ["'%20OR%201=1--", "%25'", "%5C", "a%00b", "%25%5C", "%22%5D%7D"] {
            for filter in ["dag_id_pattern", "tags", "owners", "bundle_name", "timetable_type"] {
                let found = server.ok(&format!("/api/v2/dags?{filter}={text}")).await;
                assert_eq!(found["total_entries"], 0, "{filter}={text}");
            }
        }
        // No path leads out of where it belongs.
        for path in [
            "/api/v2/dagSources/..%2F..%2Fetc%2Fpasswd",
            "/api/v2/dags/..%2F..%2Fetc/dagRuns/x/taskInstances/y/logs/1",
            "/api/v2/variables/..%2F..%2Fetc%2Fpasswd",
            "/api/v2/connections/%2e%2e%2fpools",
            "/assets/..%2F..%2FCargo.toml",
            "/api/v1/dags/..%2F..%2Fv2%2Fconnections",
        ] {
            assert_eq!(get(path).await, StatusCode::NOT_FOUND, "{path}");
        }
        let token: String =
            r#"{"bundle_name":"b","relative_fileloc":"../../etc/passwd"}"#.bytes().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            read(server.request(Method::PUT, &format!("/api/v2/parseDagFile/{token}"))).await.status,
            StatusCode::NOT_FOUND
        );
        let large = "x".repeat(9 * 1024 * 1024);
        let refused = server.post("/api/v2/variables", json!({"key": "k", "value": large})).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        let refused = server.post("/api/v1/variables", json!({"key": "k", "value": large})).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let refused = read(server.request(Method::POST, "/api/v2/variables").body(deep.clone())).await.status;
        assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY, "deep nesting ends no thread");
        assert_eq!(
            read(server.request(Method::POST, "/api/v1/variables").body(deep)).await.status,
            StatusCode::BAD_REQUEST
        );
        assert_eq!(server.get("/api/v2/auth/login?next=https://evil.example").await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn connections_are_not_tested_unless_that_is_allowed() {
    for server in servers().await {
        for path in ["test", "enqueue-test"] {
            let body = json!({"connection_id": "c", "conn_type": "http", "host": "169.254.169.254"});
            let refused = server.post(&format!("/api/v2/connections/{path}"), body).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(server.get("/api/v2/connections/enqueue-test").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn the_document_is_served_with_pages() {
    for server in servers().await {
        let document = server.ok("/openapi.json").await;
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document["paths"]["/api/v2/dags"]["get"]["operationId"] == "get_dags");
    }
}
