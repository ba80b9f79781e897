//! Clients that are slower than the server has patience for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tradewind_protocol::log_path;
use tradewind_server::{Patience, ServerConfig};
use tradewind_testkit::sqlite_store;

use super::server::{Server, add_dags, add_run};

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(100);

async fn server(patience: Patience) -> Server {
    let store = sqlite_store().await;
    Server::start(store, ServerConfig { patience, all_admins: true, ..ServerConfig::default() }).await
}

fn address(server: &Server) -> SocketAddr {
    server.base.strip_prefix("http://").unwrap().parse().unwrap()
}

async fn everything(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is reset has said all that it will.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_while_others_are_served() {
    let server = server(Patience { head: SHORT, body: LONG, answer: LONG }).await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        slow.push(stream);
    }
    assert_eq!(server.get("/api/v2/version").await.status, StatusCode::OK);
    for mut stream in slow {
        let said = everything(&mut stream).await;
        assert!(!said.contains("200 OK"), "{said}");
    }
    assert_eq!(server.get("/api/v2/version").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_and_changes_nothing() {
    let server = server(Patience { head: LONG, body: SHORT, answer: LONG }).await;
    let mut stream = TcpStream::connect(address(&server)).await.unwrap();
    let head = "POST /api/v2/variables HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Content-Length: 1000\r\n\r\n{\"key\": \"half\", ";
    stream.write_all(head.as_bytes()).await.unwrap();
    let said = everything(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("did not arrive in time"), "{said}");
    assert_eq!(server.ok("/api/v2/variables").await["total_entries"], 0);
}

/// State of the server's end of the connection from `client`, as the kernel numbers it; 1: established.
fn state_at(server: SocketAddr, client: SocketAddr) -> Option<u8> {
    let port = |field: &str| u16::from_str_radix(field.rsplit(':').next()?, 16).ok();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ours = port(fields[1]) == Some(server.port()) && port(fields[2]) == Some(client.port());
        ours.then(|| u8::from_str_radix(fields[3], 16).unwrap())
    })
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let server = server(Patience { head: LONG, body: LONG, answer: SHORT }).await;
    add_dags(&server.store).await;
    add_run(&server.store, "r1", 10).await;
    let log = server.logs.path().join(log_path("d", "r1", "a", -1, 1));
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    let line = format!("{{\"event\":\"{}\"}}\n", "x".repeat(1000));
    std::fs::write(&log, line.repeat(16_000)).unwrap();

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address(&server)).await.unwrap();
    let request = "GET /api/v2/dags/d/dagRuns/r1/taskInstances/a/logs/1?full_content=true HTTP/1.1\r\nHost: x\r\n\
                   Accept: application/x-ndjson\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let begun = Instant::now();
    while state_at(address(&server), stream.local_addr().unwrap()) == Some(1) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the connection is still open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rest = everything(&mut stream).await;
    assert!(rest.len() < 16_000 * line.len(), "all of it came");
}
