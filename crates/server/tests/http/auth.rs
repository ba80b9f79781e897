//! Logging in, roles, cookies.

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use tradewind_server::ServerConfig;
use tradewind_testkit::sqlite_store;

use super::server::{Server, add_dags, add_user, read, servers};

#[tokio::test]
async fn a_password_gives_a_token_and_the_token_opens_the_api() {
    for server in servers().await {
        let login = |name: &str, password: &str| {
            read(server.anonymous(Method::POST, "/auth/token").json(&json!({"username": name, "password": password})))
        };
        let answer = login("admin", "admin").await;
        assert_eq!(answer.status, StatusCode::CREATED);
        let token = answer.body["access_token"].as_str().unwrap().to_owned();
        let dags = read(server.anonymous(Method::GET, "/api/v2/dags").bearer_auth(&token)).await;
        assert_eq!(dags.status, StatusCode::OK);
        for (name, password) in [("admin", "wrong"), ("nobody", "admin")] {
            let answer = login(name, password).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.body, json!({"detail": "the user name or password is wrong"}));
        }
        let answer = read(server.anonymous(Method::GET, "/api/v2/dags")).await;
        assert_eq!((answer.status, answer.body), (StatusCode::UNAUTHORIZED, json!({"detail": "Not authenticated"})));
        let answer = read(server.anonymous(Method::GET, "/auth/token")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(read(server.anonymous(Method::GET, "/api/v2/version")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_role_may_do_what_the_matrix_says() {
    let server = Server::start(sqlite_store().await, ServerConfig::default()).await;
    add_dags(&server.store).await;
    let mut tokens = Vec::new();
    for role in ["Viewer", "User", "Op"] {
        add_user(&server.store, role, role).await;
        let login = json!({"username": role, "password": role});
        let answer = read(server.anonymous(Method::POST, "/auth/token/cli").json(&login)).await;
        tokens.push(answer.body["access_token"].as_str().unwrap().to_owned());
    }
    let status = async |token: &str, method: Method, path: &str| {
        read(server.anonymous(method, path).bearer_auth(token).json(&json!({"is_paused": true}))).await.status
    };
    for (role, (see, change, operate)) in [
        (0, (StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN)),
        (1, (StatusCode::OK, StatusCode::OK, StatusCode::FORBIDDEN)),
        (2, (StatusCode::OK, StatusCode::OK, StatusCode::OK)),
    ] {
        let token = &tokens[role];
        assert_eq!(status(token, Method::GET, "/api/v2/dags/d").await, see);
        assert_eq!(status(token, Method::PATCH, "/api/v2/dags/d").await, change);
        assert_eq!(status(token, Method::GET, "/api/v2/variables").await, operate);
    }
    assert_eq!(status(&tokens[2], Method::PUT, "/api/v2/dags").await, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn without_logins_everybody_is_an_administrator() {
    let config = ServerConfig { all_admins: true, ..ServerConfig::default() };
    let server = Server::start(sqlite_store().await, config).await;
    let answer = read(server.anonymous(Method::GET, "/auth/token")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let token = answer.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        read(server.anonymous(Method::GET, "/api/v2/variables").bearer_auth(&token)).await.status,
        StatusCode::OK
    );
    let create = || server.anonymous(Method::POST, "/api/v2/variables").json(&json!({"key": "k", "value": "v"}));
    assert_eq!(read(create().header("sec-fetch-site", "cross-site")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(read(create()).await.status, StatusCode::CREATED);
    let me = read(server.anonymous(Method::GET, "/ui/me")).await;
    assert_eq!((me.body["username"].clone(), me.body["all_admins"].clone()), (json!("Anonymous"), json!(true)));
}

#[tokio::test]
async fn the_session_cookie_needs_the_pages_header_for_changes() {
    let server = Server::start(sqlite_store().await, ServerConfig::default()).await;
    add_dags(&server.store).await;
    let login = || server.anonymous(Method::POST, "/ui/login").json(&json!({"username": "admin", "password": "admin"}));
    assert_eq!(read(login()).await.status, StatusCode::FORBIDDEN);
    let response = login().header("x-tradewind-request", "1").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let me = read(server.anonymous(Method::GET, "/ui/me").header("cookie", &cookie)).await;
    assert_eq!(me.body["username"], "admin");
    let pause = || {
        server.anonymous(Method::PATCH, "/api/v2/dags/d").header("cookie", &cookie).json(&json!({"is_paused": true}))
    };
    assert_eq!(read(pause()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(read(pause().header("x-tradewind-request", "1")).await.status, StatusCode::OK);
    let out = server.anonymous(Method::POST, "/ui/logout").header("x-tradewind-request", "1").send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert!(out.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
}
