//! The codec against what Celery 5.7 with kombu 5.7 itself wrote to Redis (recorded with MONITOR).

use super::*;

const TASK: &str = include_str!("../recorded/task.json");
const UNACKED: &str = include_str!("../recorded/unacked.json");
const PING: &str = include_str!("../recorded/ping.json");
const PONG: &str = include_str!("../recorded/pong.json");
const ONLINE: &str = include_str!("../recorded/online.json");

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn task() -> Task {
    Task {
        id: TryId { ti_id: 7, try_number: 2 },
        dag_id: "d".into(),
        run_id: "it's".into(),
        task_id: "t".into(),
        map_index: -1,
        queue: "default".into(),
        weight: 1,
    }
}

#[test]
fn a_message_of_celery_is_read() {
    let envelope = read(TASK);
    let (headers, body) = open_envelope(&envelope).unwrap();
    let delivery = Delivery { tag: Tag("x".into()), queue: "default".into(), redelivered: false, headers, body };
    assert_eq!(delivery.args_repr(), "[{'dag_id': 'd', 'try_number': 1}]");
    assert_eq!(delivery.headers["id"], "01234567-89ab-4cde-8f01-23456789abcd");
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body[0][0]["dag_id"], "d");
    // Celery's own task of that name is not a try of ours.
    assert!(delivery.try_id().unwrap_err().contains("is not a try of Tradewind"));
}

#[test]
fn our_message_has_what_celerys_has() {
    let theirs = read(TASK);
    let ours = envelope(task().headers("me"), &task().body(), theirs["properties"].clone());
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    assert_eq!(names(&ours["headers"]), names(&theirs["headers"]));
    for name in ["lang", "task", "shadow", "eta", "retries", "timelimit", "kwargsrepr", "stamps", "group"] {
        assert_eq!(ours["headers"][name], theirs["headers"][name], "{name}");
    }
    let embed = |message: &Value| {
        let (_, body) = open_envelope(message).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        (body[1].clone(), body[2].clone())
    };
    assert_eq!(embed(&ours), embed(&theirs));
}

#[test]
fn our_message_comes_back_as_the_try() {
    let properties = json!({"body_encoding": "base64"});
    let (headers, body) = open_envelope(&envelope(task().headers("me"), &task().body(), properties)).unwrap();
    let delivery = Delivery { tag: Tag("x".into()), queue: "q".into(), redelivered: false, headers, body };
    assert_eq!(delivery.try_id(), Ok(task().id));
    assert_eq!(delivery.args_repr(), r"({'dag_id': 'd', 'run_id': 'it\'s', 'task_id': 't', 'try_number': 2},)");
}

#[test]
fn what_is_noted_as_taken_is_kombus() {
    let noted = read(UNACKED);
    assert_eq!(noted[0], read(TASK));
    assert_eq!((noted[1].as_str(), noted[2].as_str()), (Some(""), Some("default")));
}

#[test]
fn requests_and_answers_are_celerys() {
    let (headers, body) = open_envelope(&read(PING)).unwrap();
    let request = crate::Request::read(&headers, &body).unwrap();
    assert_eq!(request.method, "ping");
    assert!(
        request.is_for("celery@any", request.expires - 1.0) && !request.is_for("celery@any", request.expires + 1.0)
    );
    let (_, ours) = request.write();
    assert_eq!(read(std::str::from_utf8(&ours).unwrap()), read(std::str::from_utf8(&body).unwrap()));

    let (headers, body) = open_envelope(&read(PONG)).unwrap();
    let to = request.reply_to.unwrap();
    let (our_headers, ours) = crate::control::answer(&to, "celery@rec", &json!({"ok": "pong"}));
    assert_eq!(read(std::str::from_utf8(&ours).unwrap()), read(std::str::from_utf8(&body).unwrap()));
    assert!(headers.keys().eq(our_headers.keys()));
}

#[test]
fn events_have_the_fields_of_celerys() {
    let (_, body) = open_envelope(&read(ONLINE)).unwrap();
    let theirs = read(std::str::from_utf8(&body).unwrap());
    let fields = json!({
        "freq": 2.0, "active": 0, "processed": 0, "loadavg": [0.0, 0.0, 0.0],
        "sw_ident": "tradewind", "sw_ver": "1", "sw_sys": "Linux",
    });
    let ours = crate::event::Events::new("celery@rec", 7).make("worker-online", 1.5, fields);
    assert!(theirs.as_object().unwrap().keys().eq(ours.as_object().unwrap().keys()), "{ours}");
    let (routing_key, headers, body) = crate::event::message("worker-online", &ours);
    assert_eq!((routing_key.as_str(), &headers["hostname"]), ("worker.online", &json!("celery@rec")));
    assert_eq!(read(&body), ours);
}

#[test]
fn urgency_grows_with_the_weight() {
    let urgency = |weight| Task { weight, ..task() }.urgency(4);
    assert_eq!([-3, 0, 1, 2, 3, 4, 7, 8, 1000].map(urgency), [0, 0, 0, 1, 1, 2, 2, 3, 3]);
    assert_eq!(Task { weight: 9, ..task() }.urgency(1), 0);
}
