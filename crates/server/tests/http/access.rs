//! Tokens that are taken back, forged or old; sessions; wrong passwords; a proxy that signs; an OpenID provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tradewind_server::auth::config::JwtConfig;
use tradewind_server::auth::external::{Mapping, parse_mapping};
use tradewind_server::auth::jwt::Scope;
use tradewind_server::auth::oidc::OidcConfig;
use tradewind_server::auth::proxy::ProxyConfig;
use tradewind_server::{AuthConfig, ServerConfig, Tokens};
use tradewind_testkit::sqlite_store;

use super::server::{Server, add_dags, add_user, read, servers};

const LONG: Duration = Duration::from_secs(600);

/// Keys that sign nothing anywhere else.
const KEYS: [&str; 2] = [
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT6ZIvDo9yFWOf8GP\nkYJwnmh8X0CDyga2O8McEFjuEFyhRANCAASiOnVkcF1fsVoCO6z+gelvXDKynr+u\nq02b3vZ3S4lAAZnFzccCnZc/gWW5DTtoyXEYJLd4BbGReDnRMdiBiD7h\n-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdADx9bD8t/2hmtQ7\noGlM4Vn8bglr+6u5OBDOQC27BMChRANCAAQSv8kPfFEXHEktebBV3LW5IxnKatx8\nb9nnlf8gSLAnQYPPAhqh44JZGYz5d4m52Ok0s+Yr8hEsK6if3OR4r014\n-----END PRIVATE KEY-----\n",
];

async fn start(auth: AuthConfig) -> Server {
    Server::start(sqlite_store().await, ServerConfig { auth, ..ServerConfig::default() }).await
}

async fn status(server: &Server, token: &str) -> StatusCode {
    read(server.anonymous(Method::GET, "/api/v2/dags").bearer_auth(token)).await.status
}

async fn log_in(server: &Server, name: &str, password: &str) -> reqwest::Response {
    let login = json!({"username": name, "password": password});
    let request = server.anonymous(Method::POST, "/ui/login").header("x-tradewind-request", "1").json(&login);
    request.send().await.unwrap()
}

fn session(response: &reqwest::Response) -> String {
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_good_for_nothing() {
    for server in servers().await {
        let token = server.app.tokens.mint(Scope::User, "admin", LONG);
        let other = server.app.tokens.mint(Scope::User, "admin", LONG);
        assert_eq!(status(&server, &token).await, StatusCode::OK);
        let no_redirects = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let out = no_redirects.get(format!("{}/auth/logout", server.base)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(
            (out.status(), out.headers()["location"].to_str().unwrap()),
            (StatusCode::TEMPORARY_REDIRECT, "/login")
        );
        assert_eq!(status(&server, &token).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status(&server, &other).await, StatusCode::OK, "another token of the same user");
    }
}

#[tokio::test]
async fn forged_old_and_foreign_tokens_are_refused() {
    let server = start(AuthConfig::default()).await;
    let tokens = &server.app.tokens;
    let good = tokens.mint(Scope::User, "admin", LONG);
    let parts: Vec<&str> = good.split('.').collect();
    let b64 = |value: Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let claims = b64(json!({"sub": "admin", "scope": "user", "iat": 0, "exp": 9_999_999_999_i64}));
    let unsigned = b64(json!({"alg": "none", "typ": "JWT"}));
    for forged in [
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{claims}.{}", parts[2]),
        format!("{}.{claims}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        Tokens::new("guessed").mint(Scope::User, "admin", LONG),
        tokens.mint(Scope::Worker, "admin", LONG),
        tokens.mint(Scope::Try, "admin", LONG),
        tokens.mint(Scope::User, "nobody", LONG),
        tokens.mint(Scope::User, "Anonymous", LONG),
        String::new(),
    ] {
        assert_eq!(status(&server, &forged).await, StatusCode::UNAUTHORIZED, "{forged}");
    }
    assert_eq!(status(&server, &good).await, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_ends_what_was_opened_with_the_old_one() {
    let server = start(AuthConfig::default()).await;
    add_user(&server.store, "ann", "Viewer").await;
    let old = server.app.tokens.mint(Scope::User, "ann", LONG);
    assert_eq!(status(&server, &old).await, StatusCode::OK);
    // Tokens count whole seconds: the change comes in a later one.
    let begun = now();
    while now() == begun {
        tokio::task::yield_now().await;
    }
    let changed = server.patch("/auth/fab/v1/users/ann", json!({"password": "other"})).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(status(&server, &old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&server, "ann", "ann").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&server, "ann", "other").await.status(), StatusCode::OK);
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn a_session_is_new_at_login_and_ends_at_logout() {
    let server = start(AuthConfig::default()).await;
    let first = session(&log_in(&server, "admin", "admin").await);
    // Somebody planted a session of their own in the browser before: it ends, and is not gone on with.
    let login = json!({"username": "admin", "password": "admin"});
    let request = server.anonymous(Method::POST, "/ui/login").header("x-tradewind-request", "1").json(&login);
    let second = session(&request.header("cookie", &first).send().await.unwrap());
    assert_ne!(first, second);
    let me = async |cookie: &str| read(server.anonymous(Method::GET, "/ui/me").header("cookie", cookie)).await.status;
    assert_eq!((me(&first).await, me(&second).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    let out = server.anonymous(Method::POST, "/ui/logout").header("x-tradewind-request", "1").header("cookie", &second);
    assert_eq!(read(out).await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&second).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn wrong_passwords_are_limited_logged_and_tell_nothing() {
    let server = start(AuthConfig::default()).await;
    let mut answers = Vec::new();
    for name in ["admin", "nobody", "admin", "nobody", "admin"] {
        let answer =
            read(server.anonymous(Method::POST, "/auth/token").json(&json!({"username": name, "password": "x"}))).await;
        answers.push((answer.status, answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    // The right one does not help either, so that nobody learns that it was right.
    let late = log_in(&server, "admin", "admin").await;
    assert_eq!(late.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(late.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 41);
    let events = server.ok("/api/v2/eventLogs?event=login_failed").await;
    assert_eq!(events["total_entries"], 5);
    assert!(events.to_string().contains("127.0.0.1") && !events.to_string().contains("nobody"), "{events}");
}

#[tokio::test]
async fn every_change_leaves_a_row_with_who_and_from_where() {
    let server = start(AuthConfig::default()).await;
    server.post("/api/v2/variables", json!({"key": "k", "value": "s3cret"})).await;
    server.post("/api/v2/connections", json!({"connection_id": "c", "conn_type": "http", "password": "s3cret"})).await;
    server.post("/api/v2/pools", json!({"name": "p", "slots": 1})).await;
    let events = server.ok("/api/v2/eventLogs?order_by=id").await;
    assert!(events["total_entries"].as_i64().unwrap() >= 3, "{events}");
    for event in events["event_logs"].as_array().unwrap() {
        assert_eq!(event["owner"], "admin");
        assert!(event["extra"].as_str().unwrap().contains("127.0.0.1"), "{event}");
    }
    assert!(!events.to_string().contains("s3cret"));
}

#[tokio::test]
async fn guests_may_what_the_public_role_may() {
    let server = start(AuthConfig { public_role: Some("Viewer".into()), ..AuthConfig::default() }).await;
    add_dags(&server.store).await;
    assert_eq!(read(server.anonymous(Method::GET, "/api/v2/dags")).await.body["total_entries"], 2);
    let pause = server.anonymous(Method::PATCH, "/api/v2/dags/d").json(&json!({"is_paused": true}));
    assert_eq!(read(pause).await.status, StatusCode::FORBIDDEN);
    assert_eq!(status(&server, "nonsense").await, StatusCode::UNAUTHORIZED);
}

/// What somebody else serves: keys under `/keys`, and an OpenID provider.
struct Elsewhere {
    base: String,
    keys: Arc<Mutex<Vec<usize>>>,
    /// What the next identity token says.
    id_token: Arc<Mutex<String>>,
    /// Bodies of requests for tokens.
    redeemed: Arc<Mutex<Vec<String>>>,
}

fn key(index: usize) -> EncodingKey {
    EncodingKey::from_ec_pem(KEYS[index].as_bytes()).unwrap()
}

fn sign(index: usize, claims: &Value) -> String {
    let header = Header { kid: Some(format!("k{index}")), ..Header::new(Algorithm::ES256) };
    encode(&header, claims, &key(index)).unwrap()
}

async fn elsewhere() -> Elsewhere {
    use axum::routing::{get, post};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (keys, id_token) = (Arc::new(Mutex::new(vec![0])), Arc::new(Mutex::new(String::new())));
    let redeemed = Arc::new(Mutex::new(Vec::new()));
    let served = Arc::clone(&keys);
    let jwks = move || async move {
        let jwk = |index: &usize| {
            let mut jwk = Jwk::from_encoding_key(&key(*index), Algorithm::ES256).unwrap();
            jwk.common.key_id = Some(format!("k{index}"));
            serde_json::to_value(jwk).unwrap()
        };
        axum::Json(json!({"keys": served.lock().unwrap().iter().map(jwk).collect::<Vec<_>>()}))
    };
    let itself = base.clone();
    let discovery = move || async move {
        axum::Json(json!({
            "issuer": itself, "authorization_endpoint": format!("{itself}/authorize"),
            "token_endpoint": format!("{itself}/token"), "jwks_uri": format!("{itself}/keys"),
        }))
    };
    let (given, asked) = (Arc::clone(&id_token), Arc::clone(&redeemed));
    let token = move |body: String| async move {
        asked.lock().unwrap().push(body);
        axum::Json(json!({"id_token": given.lock().unwrap().clone(), "access_token": "", "token_type": "Bearer"}))
    };
    let router = axum::Router::new()
        .route("/keys", get(jwks))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/token", post(token));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(async move {
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            });
        }
    });
    Elsewhere { base, keys, id_token, redeemed }
}

fn everybody() -> Mapping {
    Mapping {
        registration: true,
        registration_role: "Viewer".into(),
        roles: parse_mapping(r#"{"ops": ["Op"]}"#).unwrap(),
        sync_at_login: true,
        ..Mapping::default()
    }
}

#[tokio::test]
async fn a_proxy_that_signs_is_believed_and_nobody_else() {
    let there = elsewhere().await;
    let proxy = ProxyConfig {
        user_header: None,
        groups_header: None,
        iap_audience: Some("/projects/1/global/backendServices/2".into()),
        iap_keys_url: format!("{}/keys", there.base),
        iap_issuer: "https://cloud.google.com/iap".into(),
        mapping: everybody(),
    };
    let server = start(AuthConfig { proxy: Some(proxy), ..AuthConfig::default() }).await;
    let claims = |changes: Value| {
        let mut claims = json!({"iss": "https://cloud.google.com/iap", "aud": "/projects/1/global/backendServices/2",
            "sub": "accounts.google.com:1", "email": "ann@example.com", "iat": now(), "exp": now() + 600});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims
    };
    let ask = async |assertion: &str| {
        read(server.anonymous(Method::GET, "/ui/me").header("x-goog-iap-jwt-assertion", assertion)).await
    };
    let answer = ask(&sign(0, &claims(json!({})))).await;
    assert_eq!(
        (answer.status, answer.body["username"].clone()),
        (StatusCode::OK, json!("ann@example.com")),
        "{answer:?}"
    );
    assert_eq!(answer.body["role"], "Viewer");
    for wrong in [
        sign(0, &claims(json!({"aud": "/projects/1/global/backendServices/3"}))),
        sign(0, &claims(json!({"iss": "https://evil.example"}))),
        sign(0, &claims(json!({"exp": now() - 60, "iat": now() - 660}))),
        sign(0, &claims(json!({"exp": now() + 999_999}))),
        sign(1, &claims(json!({}))),
        encode(&Header::new(Algorithm::HS256), &claims(json!({})), &EncodingKey::from_secret(b"x")).unwrap(),
        // Somebody else who has got the name.
        sign(0, &claims(json!({"sub": "accounts.google.com:2"}))),
    ] {
        assert_eq!(ask(&wrong).await.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    let admin = sign(0, &claims(json!({"email": "admin", "sub": "accounts.google.com:3"})));
    assert_eq!(ask(&admin).await.status, StatusCode::UNAUTHORIZED, "an account with a password is not the proxy's");
    assert_eq!(read(server.anonymous(Method::GET, "/ui/me")).await.status, StatusCode::UNAUTHORIZED);
    let foreign = server
        .anonymous(Method::POST, "/api/v2/variables")
        .header("x-goog-iap-jwt-assertion", sign(0, &claims(json!({}))))
        .header("sec-fetch-site", "cross-site")
        .json(&json!({"key": "k", "value": "v"}));
    assert_eq!(read(foreign).await.body["detail"], "requests from pages of other sites are refused");
}

#[tokio::test]
async fn keys_that_rotate_are_fetched_again() {
    use tradewind_server::auth::jwks::{ASYMMETRIC, Expected, Jwks};
    let there = elsewhere().await;
    *there.keys.lock().unwrap() = vec![0, 1];
    let keys = Jwks::new(&format!("{}/keys", there.base), reqwest::Client::new());
    let expected = || Expected { issuers: &[], audiences: &[], algorithms: ASYMMETRIC, leeway: 0 };
    let claims = json!({"sub": "x", "exp": now() + 60});
    for index in [0, 1] {
        assert!(keys.verify::<Value>(&sign(index, &claims), expected()).await.is_ok(), "{index}");
    }
    let rotated = Jwks::new(&format!("{}/keys", there.base), reqwest::Client::new());
    *there.keys.lock().unwrap() = vec![1];
    assert!(rotated.verify::<Value>(&sign(1, &claims), expected()).await.is_ok());
    assert!(rotated.verify::<Value>(&sign(0, &claims), expected()).await.is_err(), "a key that is gone");
}

#[tokio::test]
async fn a_header_of_a_proxy_counts_from_trusted_addresses_only() {
    let proxy = || ProxyConfig {
        user_header: Some("x-remote-user".into()),
        groups_header: Some("x-remote-groups".into()),
        iap_audience: None,
        iap_keys_url: String::new(),
        iap_issuer: String::new(),
        mapping: everybody(),
    };
    let ask = async |server: &Server| {
        let request = server.anonymous(Method::GET, "/ui/me").header("x-remote-user", "ann");
        read(request.header("x-remote-groups", "ops, other")).await
    };
    let far = vec!["10.0.0.0/8".parse().unwrap()];
    let server = start(AuthConfig { proxy: Some(proxy()), trusted_proxies: far, ..AuthConfig::default() }).await;
    assert_eq!(ask(&server).await.status, StatusCode::UNAUTHORIZED);
    let near = vec!["127.0.0.1".parse().unwrap()];
    let server = start(AuthConfig { proxy: Some(proxy()), trusted_proxies: near, ..AuthConfig::default() }).await;
    let me = ask(&server).await;
    assert_eq!((me.body["username"].clone(), me.body["role"].clone()), (json!("ann"), json!("Op, Viewer")), "{me:?}");
}

#[tokio::test]
async fn tokens_of_somebody_else_who_is_trusted_open_accounts_that_are_there() {
    let there = elsewhere().await;
    let jwt = JwtConfig {
        secret: Some("s".into()),
        issuer: Some("https://them".into()),
        audience: Some("us".into()),
        trusted_jwks: Some(format!("{}/keys", there.base)),
        ..JwtConfig::default()
    };
    let server = start(AuthConfig { jwt, ..AuthConfig::default() }).await;
    let token = |sub: &str, aud: &str, index| {
        sign(index, &json!({"iss": "https://them", "aud": aud, "sub": sub, "exp": now() + 60}))
    };
    assert_eq!(status(&server, &token("admin", "us", 0)).await, StatusCode::OK);
    for wrong in [token("nobody", "us", 0), token("admin", "others", 0), token("admin", "us", 1)] {
        assert_eq!(status(&server, &wrong).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_login_with_openid_goes_there_and_back() {
    let there = elsewhere().await;
    let oidc = OidcConfig {
        name: "Them".into(),
        issuer: there.base.clone(),
        client_id: "us".into(),
        client_secret: Some("s".into()),
        scope: "openid".into(),
        username_claim: "preferred_username".into(),
        groups_claim: "groups".into(),
        mapping: everybody(),
    };
    let server = start(AuthConfig { oidc: Some(oidc), ..AuthConfig::default() }).await;
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let go = async |path: &str, cookie: &str| {
        browser.get(format!("{}{path}", server.base)).header("cookie", cookie).send().await.unwrap()
    };
    let place = |response: &reqwest::Response| response.headers()["location"].to_str().unwrap().to_owned();
    let begin = async || {
        let sent = go("/auth/oidc/login?next=/dags/d", "").await;
        let url = reqwest::Url::parse(&place(&sent)).unwrap();
        let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        assert_eq!(
            (value("code_challenge_method"), value("redirect_uri")),
            ("S256".into(), "http://localhost:8080/auth/oidc/callback".into())
        );
        (session(&sent), value("state"), value("nonce"))
    };
    let claims = |nonce: &str, changes: Value| {
        let mut claims = json!({"iss": there.base, "aud": "us", "sub": "1", "exp": now() + 60, "nonce": nonce,
            "preferred_username": "ann", "groups": ["ops"], "email": "ann@x"});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims
    };
    let (cookie, state, nonce) = begin().await;
    *there.id_token.lock().unwrap() = sign(0, &claims(&nonce, json!({})));
    let back = go(&format!("/auth/oidc/callback?code=c&state={state}"), &cookie).await;
    assert_eq!(place(&back), "http://localhost:8080/dags/d");
    assert!(there.redeemed.lock().unwrap()[0].contains("code_verifier="));
    let cookies: Vec<&str> = back.headers().get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
    let own = cookies.iter().find(|cookie| cookie.starts_with("_token=")).unwrap().split(';').next().unwrap();
    let me = read(server.anonymous(Method::GET, "/ui/me").header("cookie", own)).await;
    assert_eq!((me.body["username"].clone(), me.body["role"].clone()), (json!("ann"), json!("Op, Viewer")), "{me:?}");

    let cases: &[(&str, Value, usize)] = &[
        ("no-account", json!({"preferred_username": "admin", "sub": "2"}), 0),
        ("no-account", json!({"sub": "2"}), 0),
        ("refused", json!({"nonce": "other"}), 0),
        ("refused", json!({"aud": "others"}), 0),
        ("refused", json!({"aud": ["us", "others"], "azp": "others"}), 0),
        ("refused", json!({"iss": "https://evil"}), 0),
        ("refused", json!({"exp": now() - 60}), 0),
        ("refused", json!({}), 1),
    ];
    for (word, changes, with) in cases {
        let (cookie, state, nonce) = begin().await;
        *there.id_token.lock().unwrap() = sign(*with, &claims(&nonce, changes.clone()));
        let back = go(&format!("/auth/oidc/callback?code=c&state={state}"), &cookie).await;
        assert_eq!(place(&back), format!("http://localhost:8080/login?error={word}"), "{changes}");
    }
    let (cookie, state, _) = begin().await;
    for (path, cookie) in [
        ("/auth/oidc/callback?code=c&state=planted".to_owned(), cookie.as_str()),
        (format!("/auth/oidc/callback?code=c&state={state}"), ""),
        (format!("/auth/oidc/callback?code=c&state={state}"), "_oidc=forged"),
    ] {
        assert_eq!(place(&go(&path, cookie).await), "http://localhost:8080/login?error=stale", "{path} {cookie}");
    }
    // A session is no login under way, and the other way round.
    assert_eq!(status(&server, cookie.trim_start_matches("_oidc=")).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn each_route_of_the_task_api_wants_the_token_of_its_own_try() {
    use tradewind_core::TryId;
    use tradewind_server::auth::permission::{Access, MATRIX};
    let jwt = JwtConfig { secret: Some("s".into()), ..JwtConfig::default() };
    let server = start(AuthConfig { jwt, ..AuthConfig::default() }).await;
    let id = TryId { ti_id: 7, try_number: 1 };
    let tokens = &server.app.tokens;
    let old = json!({"sub": id.to_string(), "scope": "try", "iat": 0, "exp": 1});
    let signed = |claims: &Value, secret: &[u8]| {
        encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let unsigned = {
        use base64::Engine as _;
        let part = |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"sub": id.to_string(), "scope": "try", "iat": 0, "exp": 9_999_999_999_i64});
        format!("{}.{}.", part(json!({"alg": "none"})), part(claims))
    };
    let bad = [
        tokens.mint(Scope::Try, &TryId { ti_id: 7, try_number: 2 }.to_string(), LONG),
        tokens.mint(Scope::Try, &TryId { ti_id: 8, try_number: 1 }.to_string(), LONG),
        tokens.mint(Scope::User, "admin", LONG),
        tokens.mint(Scope::Worker, "w", LONG),
        signed(&old, b"s"),
        signed(&json!({"sub": id.to_string(), "scope": "try", "iat": 0, "exp": 9_999_999_999_i64}), b"guessed"),
        unsigned,
        "nonsense".into(),
    ];
    let routes: Vec<_> =
        MATRIX.iter().filter(|(_, _, access)| matches!(access, Access::Try | Access::Worker)).collect();
    assert!(routes.len() >= 55);
    for (method, path, access) in routes {
        for token in &bad {
            let worker = *access == Access::Worker;
            if worker && *token == bad[3] {
                continue;
            }
            let own = path.starts_with("/task-api/");
            let path = path.replace("{try_id}", &id.to_string()).replace("{task_instance_id}", &id.to_string());
            let request = server.anonymous(method.parse().unwrap(), &format!("{path}?offset=0"));
            let answer = read(request.bearer_auth(token).json(&json!({}))).await;
            let refused = if own { answer.body["code"] == json!("denied") } else { !answer.body["detail"].is_null() };
            assert_eq!((answer.status, refused), (StatusCode::FORBIDDEN, true), "{method} {path} {token} {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_worker_of_the_first_version_works_with_this_server() {
    let jwt = JwtConfig { secret: Some("s".into()), ..JwtConfig::default() };
    let server = start(AuthConfig { jwt, ..AuthConfig::default() }).await;
    // What such a worker sends: tokens without jti, iss and aud, signed with HS256, and no field that came later.
    let claims = json!({"sub": "old-worker", "scope": "worker", "iat": now(), "exp": now() + 60});
    let token = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(b"s")).unwrap();
    let post = async |path: &str, body: Value| {
        read(server.anonymous(Method::POST, &format!("/task-api/v1/{path}")).bearer_auth(&token).json(&body)).await
    };
    let hello = json!({"version": "0.1.0", "hostname": "h", "pid": 5, "queues": ["default"], "concurrency": 4});
    let welcome = post("register", hello).await;
    assert_eq!(welcome.status, StatusCode::OK, "{welcome:?}");
    let worker_id = welcome.body["worker_id"].as_i64().unwrap();
    let beat = post("heartbeat", json!({"worker_id": worker_id, "tries": []})).await;
    assert_eq!((beat.status, beat.body["terminate"].clone()), (StatusCode::OK, json!([])), "{beat:?}");
}
