//! Requests of those who look for a way in.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{Server, add_dags, add_run, servers};

/// Sends the path as it is: clients would tidy it up.
async fn raw(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    let token = server.request(Method::GET, "/").build().unwrap().headers()["authorization"].clone();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nConnection: close\r\n\r\n",
        token.to_str().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    for server in servers().await {
        add_dags(&server.store).await;
        add_run(&server.store, "r1", 10).await;
        let secret = server.logs.path().parent().unwrap().join(format!("secret-{}", std::process::id()));
        std::fs::write(&secret, "the password is swordfish").unwrap();
        let name = secret.file_name().unwrap().to_str().unwrap();
        let task = "/api/v2/dags/d/dagRuns/r1/taskInstances";
        let mut paths = Vec::new();
        for up in ["..", "%2e%2e", ".%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..%5c..", "....//", "..%00", "%252e%252e"] {
            paths.extend([
                format!("/{up}/{up}/etc/passwd"),
                format!("/assets/{up}/{up}/{up}/etc/passwd"),
                format!("{task}/{up}%2f{name}/logs/1"),
                format!("{task}/a/logs/{up}%2f{name}"),
                format!("/api/v2/dags/{up}%2f{name}/dagRuns/r1/taskInstances/a/logs/1"),
                format!("/api/v2/dagSources/{up}%2f{name}"),
            ]);
        }
        for path in paths {
            let said = raw(&server, &path).await;
            assert!(said.starts_with("HTTP/1.1 4") || said.contains("<!doctype html>"), "{path}: {said}");
            assert!(!said.contains("swordfish") && !said.contains("root:"), "{path}: {said}");
        }
        std::fs::remove_file(secret).unwrap();
        for run_id in ["../../x", "a/b", "a\\b", "..", "a\nb"] {
            let body = json!({"dag_run_id": run_id, "logical_date": null});
            let answer = server.request(Method::POST, "/api/v2/dags/d/dagRuns").json(&body).send().await.unwrap();
            assert!(answer.status().is_client_error() || run_id == "..", "{run_id}: {}", answer.status());
        }
    }
}

#[tokio::test]
async fn words_of_sql_are_only_words() {
    for server in servers().await {
        add_dags(&server.store).await;
        let before = server.ok("/api/v2/dags").await["total_entries"].clone();
        for text in ["' OR '1'='1", "'; DROP TABLE dag; --", "\" OR 1=1 --", "d') UNION SELECT 1 --", "$1", "?1", "\\'"]
        {
            let query = |name: &str| {
                let mut url = reqwest::Url::parse("http://x/").unwrap();
                url.query_pairs_mut().append_pair(name, text);
                url.query().unwrap().to_owned()
            };
            let part = query("x")[2..].replace('+', "%20");
            let not_found = server.get(&format!("/api/v2/dags/{part}")).await;
            assert_eq!(not_found.status, StatusCode::NOT_FOUND, "{text}: {not_found:?}");
            for list in [
                "dags?dag_id_pattern",
                "dags?tags",
                "dags?owners",
                "dags/~/dagRuns?run_id_pattern",
                "dags/~/dagRuns/~/taskInstances?pool",
                "eventLogs?event",
                "variables?variable_key_pattern",
            ] {
                let (path, name) = list.split_once('?').unwrap();
                let found = server.ok(&format!("/api/v2/{path}?{}", query(name))).await;
                assert_eq!(found["total_entries"], 0, "{list} {text}: {found}");
            }
            for list in ["dags", "dags/~/dagRuns", "pools", "variables", "eventLogs"] {
                let answer = server.get(&format!("/api/v2/{list}?{}", query("order_by"))).await;
                assert!(answer.status.is_client_error(), "{list} {text}: {answer:?}");
            }
            let variable = json!({"key": text, "value": text});
            let made = server.request(Method::POST, "/api/v2/variables").json(&variable).send().await.unwrap();
            assert_eq!(made.status(), StatusCode::CREATED, "{text}");
            let kept = server.ok(&format!("/api/v2/variables/{part}")).await;
            assert_eq!((&kept["key"], &kept["value"]), (&json!(text), &json!(text)));
            assert_eq!(server.delete(&format!("/api/v2/variables/{part}")).await.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(server.ok("/api/v2/dags").await["total_entries"], before);
    }
}

#[tokio::test]
async fn templates_and_markup_stay_what_they_are() {
    for server in servers().await {
        add_dags(&server.store).await;
        let text = "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}${7*7}<script>alert(1)</script>";
        let body = json!({"dag_run_id": "t", "logical_date": null, "conf": {"x": text}, "note": text});
        server.request(Method::POST, "/api/v2/dags/d/dagRuns").json(&body).send().await.unwrap();
        let run = server.ok("/api/v2/dags/d/dagRuns/t").await;
        assert_eq!((&run["conf"]["x"], &run["note"]), (&json!(text), &json!(text)));
        for path in ["/<script>alert(1)</script>", "/dags/%3Cscript%3Ealert(1)%3C/script%3E", "/api/v2/%3Cscript%3E"] {
            let said = raw(&server, path).await;
            let is_page = said.contains("text/html");
            assert!(!is_page || !said.contains("<script>alert"), "{path}: {said}");
            let is_empty = said.contains("content-length: 0\r\n");
            assert!(is_empty || said.contains("x-content-type-options: nosniff"), "{path}: {said}");
        }
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    for server in servers().await {
        let value = "x".repeat(9 * 1024 * 1024);
        let body = json!({"key": "big", "value": value});
        let answer = server.request(Method::POST, "/api/v2/variables").json(&body).send().await;
        // A client that is still sending may see the connection end instead of the answer.
        assert!(answer.is_err() || answer.unwrap().status() == StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(server.get("/api/v2/variables/big").await.status, StatusCode::NOT_FOUND);
        let said = raw(&server, &format!("/api/v2/dags?dag_id_pattern={}", "x".repeat(100_000))).await;
        assert!(said.starts_with("HTTP/1.1 4") || said.is_empty(), "{said}");
        let deep = format!("{{\"key\": \"deep\", \"value\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let request = server.request(Method::POST, "/api/v2/variables").header("content-type", "application/json");
        assert!(request.body(deep).send().await.unwrap().status().is_client_error());
        assert_eq!(server.get("/api/v2/version").await.status, StatusCode::OK);
    }
}
