//! Variables, connections, pools, users, events, settings, jobs. On both databases.

use tradewind_store::{Connection, Error, Fernet, NewEvent, Pool, Store, StoreOptions, User, Variable};
use tradewind_testkit::build::at;
use tradewind_testkit::stores;

fn variable(key: &str, value: &str) -> Variable {
    Variable { key: key.into(), value: value.into(), description: Some("d".into()), is_encrypted: false }
}

#[tokio::test]
async fn variables_and_connections_are_encrypted_with_the_first_key() {
    for store in stores().await {
        let (old, new) = (Fernet::generate_key(), Fernet::generate_key());
        let with = async |keys: &str| {
            let options = StoreOptions { fernet_key: keys.into(), pool_size: 2, ..StoreOptions::default() };
            Store::open(&store.url, options).await.unwrap()
        };
        store.create_variable(&variable("plain", "text")).await.unwrap();
        assert!(!store.variable("plain").await.unwrap().unwrap().is_encrypted);
        let before = with(&old).await;
        before.create_variable(&variable("secret", "ü\"")).await.unwrap();
        let connection = Connection {
            conn_id: "c".into(),
            conn_type: "postgres".into(),
            host: Some("h".into()),
            password: Some("pw".into()),
            port: Some(5432),
            extra: Some("{\"a\": 1}".into()),
            login: Some(String::new()),
            ..Connection::default()
        };
        before.create_connection(&connection).await.unwrap();

        let rotated = with(&format!("{new},{old}")).await;
        assert_eq!(rotated.variables().await.unwrap().len(), 2, "{}", store.name);
        let secret = rotated.variable("secret").await.unwrap().unwrap();
        assert_eq!((secret.value.as_str(), secret.is_encrypted), ("ü\"", true));
        assert_eq!(rotated.connection("c").await.unwrap(), Some(connection.clone()));
        assert_eq!(rotated.connections().await.unwrap().len(), 1);
        rotated.put_variable(&variable("secret", "new")).await.unwrap();
        rotated.put_connection(&connection).await.unwrap();
        assert_eq!(with(&new).await.variable("secret").await.unwrap().unwrap().value, "new");

        let error = before.variable("secret").await.unwrap_err().to_string();
        assert_eq!(error, "variable 'secret' can't be decrypted: no key in [core] fernet_key fits");
        let error = store.connection("c").await.unwrap_err().to_string();
        assert_eq!(error, "connection 'c' can't be decrypted: it is encrypted, but [core] fernet_key is empty");

        assert!(matches!(before.create_variable(&variable("plain", "x")).await, Err(Error::Exists(_))));
        assert!(matches!(before.create_connection(&connection).await, Err(Error::Exists(_))));
        assert!(matches!(before.put_variable(&variable("", "x")).await, Err(Error::Invalid(_))));
        assert!(matches!(before.put_variable(&variable("n", "\0")).await, Err(Error::Invalid(_))));
        let wrong = Connection { port: Some(70_000), ..connection.clone() };
        assert!(matches!(before.put_connection(&wrong).await, Err(Error::Invalid(_))));
        assert!(store.delete_variable("secret").await.unwrap() && !store.delete_variable("secret").await.unwrap());
        assert!(store.delete_connection("c").await.unwrap() && !store.delete_connection("c").await.unwrap());
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_before_anything_is_opened() {
    let options = StoreOptions { fernet_key: "nonsense".into(), ..StoreOptions::default() };
    let error = Store::open("sqlite:////nonexistent/x.db", options).await.unwrap_err();
    assert!(error.to_string().starts_with("[core] fernet_key is not a Fernet key"), "{error}");
}

#[tokio::test]
async fn pools_users_events_settings_and_jobs() {
    for store in stores().await {
        let pool = Pool { name: "p".into(), slots: 3, description: None, include_deferred: true };
        store.create_pool(&pool).await.unwrap();
        assert!(matches!(store.create_pool(&pool).await, Err(Error::Exists(_))), "{}", store.name);
        let unlimited = Pool { slots: -1, ..pool.clone() };
        store.put_pool(&unlimited).await.unwrap();
        assert_eq!(store.pool("p").await.unwrap(), Some(unlimited));
        assert!(matches!(store.put_pool(&Pool { slots: -2, ..pool }).await, Err(Error::Invalid(_))));
        let names: Vec<String> = store.pools().await.unwrap().into_iter().map(|pool| pool.name).collect();
        assert_eq!(names, ["default_pool", "p"]);
        assert!(matches!(store.delete_pool("default_pool").await, Err(Error::Invalid(_))));
        assert!(store.delete_pool("p").await.unwrap() && !store.delete_pool("p").await.unwrap());

        let user = User {
            username: "me".into(),
            password_hash: "$".into(),
            roles: vec!["Admin".into()],
            email: None,
            first_name: None,
            last_name: None,
            active: true,
        };
        store.create_user(&user).await.unwrap();
        assert!(matches!(store.create_user(&user).await, Err(Error::Exists(_))));
        let user = User { active: false, ..user };
        store.put_user(&user).await.unwrap();
        store.user_logged_in("me", at(0)).await.unwrap();
        assert_eq!(store.find_user("me").await.unwrap(), Some(user));
        assert_eq!(store.users().await.unwrap().len(), 1);
        assert!(store.delete_user("me").await.unwrap() && !store.delete_user("me").await.unwrap());

        let event = NewEvent {
            at: at(0),
            event: "login",
            dag_id: None,
            run_id: None,
            task_id: None,
            map_index: Some(-1),
            try_number: None,
            username: Some("me"),
            extra: Some("{}"),
        };
        let first = store.log_event(event).await.unwrap();
        assert!(store.log_event(event).await.unwrap() > first);

        assert_eq!(store.setting("secret").await.unwrap(), None);
        assert_eq!(store.setting_or("secret", || "one".into()).await.unwrap(), "one");
        assert_eq!(store.setting_or("secret", || "two".into()).await.unwrap(), "one");

        let job = store.register_job("WorkerJob", "h", 1, at(0)).await.unwrap();
        store.describe_job(job, &serde_json::json!({"queues": ["default"]})).await.unwrap();
        let live = store.live_jobs("WorkerJob", at(0)).await.unwrap();
        assert_eq!((live.len(), live[0].details["queues"][0].as_str()), (1, Some("default")));
        assert_eq!(store.end_silent_jobs("WorkerJob", at(10)).await.unwrap(), 1);
        assert!(store.live_jobs("WorkerJob", at(0)).await.unwrap().is_empty());
        store.heartbeat_job(job, at(11)).await.unwrap();
        assert_eq!(store.live_jobs("WorkerJob", at(0)).await.unwrap().len(), 1, "it was not dead after all");
    }
}
