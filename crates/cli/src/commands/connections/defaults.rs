//! `connections create-default-connections`: the connections that Airflow makes in a new database, for scripts and
//! examples that use them by name. Those that are there already stay as they are.

use tradewind_store::Connection;

use crate::commands::Context;
use crate::commands::session::Session;
use crate::error::CliError;

/// Name, type, host, port, schema, login, extra.
type Default = (&'static str, &'static str, &'static str, i32, &'static str, &'static str, &'static str);

/// By name. A port of 0 is none.
const DEFAULTS: &[Default] = &[
    ("airbyte_default", "airbyte", "http://localhost:8001", 0, "", "", ""),
    ("athena_default", "athena", "", 0, "", "", ""),
    ("aws_default", "aws", "", 0, "", "", ""),
    ("azure_batch_default", "azure_batch", "", 0, "", "<ACCOUNT_NAME>", r#"{"account_url": "<ACCOUNT_URL>"}"#),
    (
        "azure_cosmos_default",
        "azure_cosmos",
        "",
        0,
        "",
        "",
        r#"{"database_name": "<DATABASE_NAME>", "collection_name": "<COLLECTION_NAME>"}"#,
    ),
    (
        "azure_data_explorer_default",
        "azure_data_explorer",
        "https://<CLUSTER>.kusto.windows.net",
        0,
        "",
        "",
        r#"{"auth_method": "AAD_APP", "tenant": "<TENANT ID>"}"#,
    ),
    (
        "azure_data_lake_default",
        "azure_data_lake",
        "",
        0,
        "",
        "",
        r#"{"tenant": "<TENANT>", "account_name": "<ACCOUNTNAME>"}"#,
    ),
    ("azure_default", "azure", "", 0, "", "", ""),
    ("cassandra_default", "cassandra", "cassandra", 9042, "", "", ""),
    ("databricks_default", "databricks", "localhost", 0, "", "", ""),
    ("dingding_default", "http", "", 0, "", "", ""),
    (
        "drill_default",
        "drill",
        "localhost",
        8047,
        "",
        "",
        r#"{"dialect_driver": "drill+sadrill", "storage_plugin": "dfs"}"#,
    ),
    ("druid_broker_default", "druid", "druid-broker", 8082, "", "", r#"{"endpoint": "druid/v2/sql"}"#),
    ("druid_ingest_default", "druid", "druid-overlord", 8081, "", "", r#"{"endpoint": "druid/indexer/v1/task"}"#),
    ("elasticsearch_default", "elasticsearch", "localhost", 9200, "http", "", ""),
    ("emr_default", "emr", "", 0, "", "", ""),
    (
        "facebook_default",
        "facebook_social",
        "",
        0,
        "",
        "",
        r#"{"account_id": "<AD_ACCOUNT_ID>", "app_id": "<FACEBOOK_APP_ID>", "app_secret": "<FACEBOOK_APP_SECRET>", "access_token": "<FACEBOOK_AD_ACCESS_TOKEN>"}"#,
    ),
    ("fs_default", "fs", "", 0, "", "", r#"{"path": "/"}"#),
    (
        "ftp_default",
        "ftp",
        "localhost",
        21,
        "",
        "airflow",
        r#"{"key_file": "~/.ssh/id_rsa", "no_host_key_check": true}"#,
    ),
    ("google_cloud_default", "google_cloud_platform", "", 0, "default", "", ""),
    ("gremlin_default", "gremlin", "gremlin", 8182, "", "", ""),
    ("hive_cli_default", "hive_cli", "localhost", 10000, "default", "", r#"{"use_beeline": true, "auth": ""}"#),
    ("hiveserver2_default", "hiveserver2", "localhost", 10000, "default", "", ""),
    ("http_default", "http", "https://www.httpbin.org/", 0, "", "", ""),
    ("iceberg_default", "iceberg", "https://api.iceberg.io/ws/v1", 0, "", "", ""),
    ("impala_default", "impala", "localhost", 21050, "", "", ""),
    ("kafka_default", "kafka", "", 0, "", "", r#"{"bootstrap.servers": "broker:29092"}"#),
    ("kubernetes_default", "kubernetes", "", 0, "", "", ""),
    ("kylin_default", "kylin", "localhost", 7070, "", "ADMIN", ""),
    ("leveldb_default", "leveldb", "localhost", 0, "", "", ""),
    ("livy_default", "livy", "livy", 8998, "", "", ""),
    ("local_mysql", "mysql", "localhost", 0, "airflow", "airflow", ""),
    ("metastore_default", "hive_metastore", "localhost", 9083, "", "", r#"{"authMechanism": "PLAIN"}"#),
    ("mongo_default", "mongo", "mongo", 27017, "", "", ""),
    ("mssql_default", "mssql", "localhost", 1433, "", "", ""),
    ("mysql_default", "mysql", "mysql", 0, "airflow", "root", ""),
    ("opsgenie_default", "http", "", 0, "", "", ""),
    ("oracle_default", "oracle", "localhost", 1521, "schema", "root", ""),
    (
        "oss_default",
        "oss",
        "",
        0,
        "",
        "",
        r#"{"auth_type": "AK", "access_key_id": "<ACCESS_KEY_ID>", "access_key_secret": "<ACCESS_KEY_SECRET>", "region": "<YOUR_OSS_REGION>"}"#,
    ),
    ("pig_cli_default", "pig_cli", "", 0, "default", "", ""),
    ("pinot_admin_default", "pinot", "localhost", 9000, "", "", ""),
    ("pinot_broker_default", "pinot", "localhost", 9000, "", "", r#"{"endpoint": "/query", "schema": "http"}"#),
    ("postgres_default", "postgres", "postgres", 0, "airflow", "postgres", ""),
    ("presto_default", "presto", "localhost", 3400, "hive", "", ""),
    ("qdrant_default", "qdrant", "qdrant", 6333, "", "", ""),
    ("redis_default", "redis", "redis", 6379, "", "", r#"{"db": 0}"#),
    (
        "redshift_default",
        "redshift",
        "",
        0,
        "",
        "",
        r#"{"iam": true, "cluster_identifier": "<REDSHIFT_CLUSTER_IDENTIFIER>", "port": 5439, "profile": "default"}"#,
    ),
    ("salesforce_default", "salesforce", "", 0, "", "username", r#"{"security_token": "security_token"}"#),
    ("segment_default", "segment", "", 0, "", "", r#"{"write_key": "my-segment-write-key"}"#),
    (
        "sftp_default",
        "sftp",
        "localhost",
        22,
        "",
        "airflow",
        r#"{"key_file": "~/.ssh/id_rsa", "no_host_key_check": true}"#,
    ),
    ("spark_default", "spark", "yarn", 0, "", "", r#"{"queue": "root.default"}"#),
    ("sqlite_default", "sqlite", "/tmp/sqlite_default.db", 0, "", "", ""),
    ("ssh_default", "ssh", "localhost", 0, "", "", ""),
    ("tableau_default", "tableau", "https://tableau.server.url", 0, "", "user", r#"{"site_id": "my_site"}"#),
    ("teradata_default", "teradata", "localhost", 0, "schema", "user", ""),
    ("trino_default", "trino", "localhost", 3400, "hive", "", ""),
    ("vertica_default", "vertica", "localhost", 5433, "", "", ""),
    ("wasb_default", "wasb", "", 0, "", "", r#"{"sas_token": null}"#),
    ("webhdfs_default", "hdfs", "localhost", 50070, "", "", ""),
    ("yandexcloud_default", "yandexcloud", "", 0, "default", "", ""),
    ("ydb_default", "ydb", "grpc://localhost", 2135, "", "root", r#"{"database": "/local"}"#),
];

pub async fn run(context: &Context) -> Result<(), CliError> {
    let session = Session::open(context).await?;
    let there = session.store.connections().await?;
    let mut made = 0;
    for (conn_id, conn_type, host, port, schema, login, extra) in DEFAULTS {
        if there.iter().any(|known| known.conn_id == *conn_id) {
            continue;
        }
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let connection = Connection {
            conn_id: (*conn_id).to_owned(),
            conn_type: (*conn_type).to_owned(),
            host: some(host),
            port: Some(*port).filter(|port| *port != 0),
            schema: some(schema),
            login: some(login),
            extra: some(extra),
            ..Connection::default()
        };
        session.store.put_connection(&connection).await?;
        made += 1;
    }
    println!("{made} connections were made, {} were there already.", DEFAULTS.len() - made);
    Ok(())
}
