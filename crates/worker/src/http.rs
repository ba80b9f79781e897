//! The task API over HTTP, for workers that are processes of their own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Body, Client, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tradewind_core::TryId;
use tradewind_protocol::task_api::{
    ClaimRequest, ErrorCode, FinishOutcome, FinishTry, Heartbeat, HeartbeatReply, StartOutcome, StartTry, WorkerHello,
    WorkerWelcome,
};
use tradewind_protocol::{TaskApi, TaskApiError, TaskCall, Workload};

use crate::backoff::Backoff;
use crate::token::Token;

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time for an answer, on top of what the server was asked to wait.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a running task's harmless requests are tried again while the server is away.
const PATIENCE: Duration = Duration::from_secs(120);

/// Gives the worker's own token; asked before every request, so that it may change.
pub type TokenSource = Arc<dyn Fn() -> String + Send + Sync>;

/// Speaks the task API with an api-server.
pub struct HttpTaskApi {
    client: Client,
    base: String,
    token: TokenSource,
    patience: Duration,
    /// It speaks for this try alone, with the try's token.
    only: Option<(TryId, Token)>,
}

impl HttpTaskApi {
    /// `base` is the server's URL, with its path prefix if it has one: `http://host:8080`.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] for a URL that cannot be one.
    pub fn new(base: &str, token: TokenSource) -> Result<Self, TaskApiError> {
        let invalid = |error: String| {
            TaskApiError::new(ErrorCode::Invalid, format!("'{base}' cannot be the URL of an api-server: {error}"))
        };
        let url = reqwest::Url::parse(base).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("it must look like http://host:8080".into()));
        }
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .user_agent(concat!("tradewind-worker/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            client,
            base: format!("{}/task-api/v1", base.trim_end_matches('/')),
            token,
            patience: PATIENCE,
            only: None,
        })
    }

    /// For a process that runs one try and has no token but that try's. `token` is renewed by heartbeats.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] for a URL that cannot be one.
    pub fn for_try(base: &str, try_id: TryId, token: Token) -> Result<Self, TaskApiError> {
        let own = token.clone();
        let api = Self::new(base, Arc::new(move || own.now().to_string()))?;
        Ok(Self { only: Some((try_id, token)), ..api })
    }

    /// What is needed to run the try that this process is for; asked while the server is away, for as long as
    /// `patience` says.
    ///
    /// # Errors
    /// [`ErrorCode::Stale`]: it is not queued any more. [`ErrorCode::Denied`]: the token is not good (any more).
    pub async fn workload(&self, try_id: TryId) -> Result<Workload, TaskApiError> {
        self.repeatable(&format!("tries/{try_id}/workload"), &(self.token)(), Vec::new()).await
    }

    /// This process has nothing more to do.
    ///
    /// # Errors
    /// The server did not hear it.
    pub async fn goodbye(&self, try_id: TryId, worker_id: i64) -> Result<(), TaskApiError> {
        let body = serde_json::json!({"worker_id": worker_id}).to_string().into_bytes();
        let path = format!("tries/{try_id}/goodbye");
        self.post(&path, &(self.token)(), body, Duration::ZERO).await.map_err(|failed| failed.error)
    }

    /// A request of a worker about itself.
    fn own(&self, what: &str) -> String {
        self.only.as_ref().map_or_else(|| what.to_owned(), |(try_id, _)| format!("tries/{try_id}/{what}"))
    }

    /// How long a running task's harmless requests are tried again while the server is away; 2 minutes by default.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        body: Vec<u8>,
        wait: Duration,
    ) -> Result<T, Failed> {
        let request = self
            .client
            .post(format!("{}/{path}", self.base))
            .bearer_auth(token)
            .header(header::CONTENT_TYPE, "application/json")
            .timeout(ANSWER + wait)
            .body(Body::from(body));
        let unavailable = |what: &str, error: reqwest::Error| Failed {
            sent: !error.is_connect(),
            error: TaskApiError::new(ErrorCode::Unavailable, format!("{what} {}: {}", self.base, readable(&error))),
        };
        let response = request.send().await.map_err(|error| unavailable("cannot reach", error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| unavailable("no complete answer from", error))?;
        if status.is_success() {
            let answer = if bytes.is_empty() { b"null" } else { &bytes[..] };
            return serde_json::from_slice(answer).map_err(|error| Failed {
                sent: true,
                error: TaskApiError::new(
                    ErrorCode::Invalid,
                    format!("{}/{path} gave an answer that this worker cannot read: {error}", self.base),
                ),
            });
        }
        Err(Failed { sent: true, error: refusal(status, &bytes, &format!("{}/{path}", self.base)) })
    }

    /// A request that may be repeated: tried again while the server is away.
    async fn repeatable<T: DeserializeOwned>(&self, path: &str, token: &str, body: Vec<u8>) -> Result<T, TaskApiError> {
        let begin = Instant::now();
        let mut backoff = Backoff::for_requests();
        loop {
            match self.post(path, token, body.clone(), Duration::ZERO).await {
                Err(Failed { error, .. })
                    if error.code == ErrorCode::Unavailable && begin.elapsed() < self.patience =>
                {
                    tracing::debug!(path, %error, "trying again");
                    backoff.wait().await;
                }
                answer => return answer.map_err(|failed| failed.error),
            }
        }
    }

    /// A request that must not be done twice: tried again only while it cannot even be sent.
    async fn once<T: DeserializeOwned>(&self, path: &str, token: &str, body: Vec<u8>) -> Result<T, TaskApiError> {
        let begin = Instant::now();
        let mut backoff = Backoff::for_requests();
        loop {
            match self.post(path, token, body.clone(), Duration::ZERO).await {
                Err(Failed { sent: false, error }) if begin.elapsed() < self.patience => {
                    tracing::debug!(path, %error, "trying again");
                    backoff.wait().await;
                }
                answer => return answer.map_err(|failed| failed.error),
            }
        }
    }
}

/// A request that did not work.
struct Failed {
    /// The server may have seen it.
    sent: bool,
    error: TaskApiError,
}

/// The chain of causes, because the outermost says only "error sending request".
fn readable(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    if error.is_timeout() { format!("timed out ({deepest})") } else { deepest.to_string() }
}

/// What an answer that is no success means.
fn refusal(status: StatusCode, body: &[u8], url: &str) -> TaskApiError {
    if let Ok(error) = serde_json::from_slice::<TaskApiError>(body) {
        return error;
    }
    // Not our server's words: a proxy, or a server that is no Tradewind.
    let code = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorCode::Denied,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::CONFLICT => ErrorCode::Stale,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => ErrorCode::Unavailable,
        status if status.is_server_error() => ErrorCode::Unavailable,
        _ => ErrorCode::Invalid,
    };
    let text: String = String::from_utf8_lossy(body).trim().chars().take(200).collect();
    TaskApiError::new(code, format!("{url} answered {status}: {text}"))
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, TaskApiError> {
    serde_json::to_vec(value).map_err(|error| TaskApiError::new(ErrorCode::Invalid, error.to_string()))
}

#[async_trait]
impl TaskApi for HttpTaskApi {
    // The worker itself repeats what concerns it (register, claim, heartbeat, start, finish, append_log), so these
    // answer at once.

    async fn register(&self, hello: WorkerHello) -> Result<WorkerWelcome, TaskApiError> {
        self.post(&self.own("register"), &(self.token)(), json(&hello)?, Duration::ZERO)
            .await
            .map_err(|failed| failed.error)
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Workload>, TaskApiError> {
        let wait = Duration::from_millis(request.wait_ms);
        self.post("claim", &(self.token)(), json(&request)?, wait).await.map_err(|failed| failed.error)
    }

    async fn heartbeat(&self, beat: Heartbeat) -> Result<HeartbeatReply, TaskApiError> {
        let answer = self.post(&self.own("heartbeat"), &(self.token)(), json(&beat)?, Duration::ZERO).await;
        let reply: HeartbeatReply = answer.map_err(|failed| failed.error)?;
        if let Some((try_id, token)) = &self.only
            && let Some(fresh) = reply.tokens.get(try_id)
        {
            token.renew(fresh);
        }
        Ok(reply)
    }

    async fn start(&self, token: &str, start: StartTry) -> Result<StartOutcome, TaskApiError> {
        let path = format!("tries/{}/start", start.try_id);
        self.post(&path, token, json(&start)?, Duration::ZERO).await.map_err(|failed| failed.error)
    }

    async fn finish(&self, token: &str, finish: FinishTry) -> Result<FinishOutcome, TaskApiError> {
        let path = format!("tries/{}/finish", finish.try_id);
        self.post(&path, token, json(&finish)?, Duration::ZERO).await.map_err(|failed| failed.error)
    }

    async fn call(&self, token: &str, try_id: TryId, call: TaskCall) -> Result<Value, TaskApiError> {
        let path = format!("tries/{try_id}/call");
        // Everything but this one says the same when it is said twice.
        if matches!(call, TaskCall::RunTrigger { .. }) {
            self.once(&path, token, json(&call)?).await
        } else {
            self.repeatable(&path, token, json(&call)?).await
        }
    }

    async fn rendered(&self, token: &str, try_id: TryId, fields: Map<String, Value>) -> Result<(), TaskApiError> {
        self.repeatable(&format!("tries/{try_id}/rendered"), token, json(&fields)?).await
    }

    async fn append_log(&self, token: &str, try_id: TryId, offset: u64, lines: Vec<u8>) -> Result<(), TaskApiError> {
        let path = format!("tries/{try_id}/log?offset={offset}");
        self.post(&path, token, lines, Duration::ZERO).await.map_err(|failed| failed.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_refused_with_an_example() {
        for url in ["", "localhost:8080", "ftp://x", "http://"] {
            let error = HttpTaskApi::new(url, Arc::new(String::new)).err().unwrap();
            assert_eq!(error.code, ErrorCode::Invalid, "{url}");
            assert!(error.message.contains("cannot be the URL of an api-server"), "{}", error.message);
        }
        let api = HttpTaskApi::new("https://host/prefix/", Arc::new(String::new)).ok().unwrap();
        assert_eq!(api.base, "https://host/prefix/task-api/v1");
    }

    #[test]
    fn words_of_proxies_are_understood() {
        let code = |status: u16| refusal(StatusCode::from_u16(status).unwrap(), b"<html>", "u").code;
        assert_eq!(code(502), ErrorCode::Unavailable);
        assert_eq!(code(429), ErrorCode::Unavailable);
        assert_eq!(code(401), ErrorCode::Denied);
        assert_eq!(code(413), ErrorCode::Invalid);
        let own = refusal(StatusCode::CONFLICT, br#"{"code":"already_exists","message":"there is one"}"#, "u");
        assert_eq!(own, TaskApiError::new(ErrorCode::AlreadyExists, "there is one"));
    }
}
