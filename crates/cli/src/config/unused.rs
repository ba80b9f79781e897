//! Options of Airflow 1.10, 2.x and 3.x that nothing in Tradewind reads, each with the reason. Together with
//! [`super::options`] and [`super::renames`] this is every option of Airflow: a test holds them against the lists of
//! names in `airflow_options/`.

/// Why an option is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing here needs it, or it is so anyway: the line can go.
    Obsolete(&'static str),
    /// It belongs to something that this version does not have.
    NotAvailable(&'static str),
    /// It is no option of ours, and yet is read, under its old name.
    Read(&'static str),
}

impl Why {
    /// The reason, without a full stop.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Obsolete(reason) | Self::NotAvailable(reason) | Self::Read(reason) => reason,
        }
    }
}

use Why::{NotAvailable, Obsolete, Read};

/// Section, keys (separated by spaces; `*`: all), reason.
#[rustfmt::skip] // One row a line: it is a table.
pub const UNUSED: &[(&str, &str, Why)] = &[
    ("api", "workers worker_timeout server_type worker_refresh_interval worker_refresh_batch_size", Obsolete("one process uses all cores and never needs to be restarted")),
    ("api", "log_config access_logfile", Obsolete("the api-server logs to standard error, by [logging] logging_level and json_logs")),
    ("api", "ssl_cert ssl_key ssl_ca_file ssl_cert_reqs", NotAvailable("the api-server speaks plain HTTP: let a proxy in front of it speak TLS")),
    ("api", "access_control_allow_headers access_control_allow_methods access_control_allow_origins access_control_allow_origin", NotAvailable("pages of other sites are not let in: put both behind one address")),
    ("api", "client_ssl_cert client_ssl_key client_use_public_certs", Obsolete("workers check the api-server's certificate against the system's authorities")),
    ("api", "dag_cache_size dag_cache_ttl log_stream_buffer_size", Obsolete("DAGs and logs are read when they are asked for")),
    ("api", "expose_stacktrace", Obsolete("answers never show the program's insides")),
    ("api", "enable_swagger_ui", Obsolete("the API's description is always served")),
    ("api", "theme grid_view_sorting_order hide_paused_dags_by_default default_wrap auto_refresh_interval require_confirmation_dag_change log_fetch_timeout_sec", Obsolete("the web interface is told of changes as they happen, and remembers what each person chose")),
    ("api", "enable_experimental_api enable_xcom_deserialize_support", Obsolete("which parts of the API exist is not configured")),
    ("api", "auth_backends auth_backend google_oauth2_audience google_key_path", Obsolete("the API takes sessions, tokens and basic authentication of Tradewind's accounts")),
    ("atlas", "*", Obsolete("Airflow dropped Apache Atlas with version 2; OpenLineage is in its place")),
    ("celery", "result_backend result_backend_sqlalchemy_engine_options", Obsolete("workers tell the api-server what became of a task; no result backend is needed")),
    ("celery", "celery_app_name celery_config_options extra_celery_config pool mp_start_method mp_forkserver_preload worker_precheck", Obsolete("a worker is this program and no Celery application: the other options of [celery] and [celery_broker_transport_options] say what can be said")),
    ("celery", "operation_timeout sync_parallelism task_publish_max_retries", Obsolete("messages are sent many at once, and again until the broker is back")),
    ("celery", "task_acks_late task_track_started", Obsolete("messages are always acknowledged when their task is over, and its start is always told")),
    ("celery", "json_logs task_logs_to_stdout", Obsolete("task logs are JSON lines in [logging] base_log_folder; the worker itself logs by [logging] json_logs")),
    ("celery", "worker_log_server_port", Obsolete("nothing serves logs but the api-server; workers send theirs to it")),
    ("celery", "task_adoption_timeout stalled_task_timeout", Obsolete("a queued try whose message is gone is sent again after seconds")),
    ("cli", "*", Obsolete("commands work on the database; `airflowctl` speaks to a server elsewhere")),
    ("connection_test", "*", Obsolete("`connections test` runs the hook itself and waits for it")),
    ("core", "hostname_callable", Obsolete("a process's host name is what the kernel says; `worker --hostname` gives it another")),
    ("core", "might_contain_dag_callable", NotAvailable("files are looked into by [core] dag_discovery_safe_mode; .airflowignore leaves out more")),
    ("core", "mp_start_method mp_forkserver_preload execute_tasks_new_python_interpreter task_runner", Obsolete("tries are forked from hosts that have Airflow's package imported")),
    ("core", "auth_manager", Obsolete("accounts, roles and every way to log in are built in: see [fab], [oidc], [ldap] and [auth_proxy]")),
    ("core", "dagbag_import_error_tracebacks dagbag_import_error_traceback_depth", Obsolete("import errors always keep Python's whole words")),
    ("core", "security", Obsolete("`kerberos` keeps a ticket; hooks find it in its cache")),
    ("core", "unit_test_mode", Obsolete("a test sets what it needs in its own AIRFLOW_HOME")),
    ("core", "task_success_overtime", Obsolete("listeners run inside the try, which is over when they are")),
    ("core", "min_serialized_dag_update_interval compress_serialized_dags min_serialized_dag_fetch_interval store_serialized_dags store_dag_code", Obsolete("a DAG is written when it changes, and read when it is needed")),
    ("core", "num_dag_runs_to_retain_rendered_fields max_num_rendered_ti_fields_per_task", Obsolete("rendered fields stay with their task instance; `db clean` deletes them with old runs")),
    ("core", "lazy_load_plugins lazy_discover_providers", Obsolete("plugins and providers are always loaded when they are needed")),
    ("core", "allow_double_dot_in_ids", Obsolete("an id never becomes part of a path unescaped")),
    ("core", "daemon_umask", Obsolete("files have the umask of the shell or service that starts the process")),
    ("core", "asset_manager_class asset_manager_kwargs dataset_manager_class dataset_manager_kwargs", NotAvailable("assets are looked after by the engine; listeners hear of them")),
    ("core", "strict_dataset_uri_validation", Obsolete("URIs of assets are always checked")),
    ("core", "max_templated_field_length", Obsolete("rendered fields are kept up to 4096 characters")),
    ("core", "multi_team team_name_cache_ttl", NotAvailable("there are no teams in this version: give each team an installation of its own")),
    ("core", "donot_pickle enable_xcom_pickling", Obsolete("nothing is ever pickled")),
    ("core", "database_access_isolation internal_api_url internal_api_secret_key", Obsolete("workers never have the database's credentials: they speak the task API")),
    ("core", "remote_logging remote_log_conn_id remote_base_log_folder encrypt_s3_logs", NotAvailable("task logs are kept in [logging] base_log_folder; workers elsewhere send theirs there")),
    ("core", "fab_logging_level logging_config_class colored_console_log colored_log_format colored_formatter_class log_format simple_log_format", Obsolete("task logs are JSON lines; processes log to standard error, by [logging] logging_level and json_logs")),
    ("core", "log_filename_template log_processor_filename_template dag_processor_manager_log_location task_log_reader", Obsolete("where task logs lie is fixed, in Airflow 3's shape; the dag-processor logs to standard error")),
    ("core", "sql_engine_encoding sql_alchemy_pool_enabled sql_alchemy_max_overflow sql_alchemy_pool_recycle sql_alchemy_pool_pre_ping sql_alchemy_schema sql_alchemy_connect_args", Obsolete("the driver keeps its own pool of [database] sql_alchemy_pool_size connections and checks them")),
    ("core", "load_default_connections", Obsolete("`connections create-default-connections` makes them")),
    ("core", "secure_mode worker_precheck", Obsolete("of Airflow 1.10: ad-hoc queries and the check of workers are gone")),
    ("dag_processor", "file_parsing_sort_mode bundle_refresh_check_interval", Obsolete("a file is parsed the moment it is saved")),
    ("dag_processor", "stale_dag_threshold", Obsolete("a DAG goes when its file says so, or with its file")),
    ("dag_processor", "print_stats_interval health_check_threshold", Obsolete("`dags report` has the figures; [scheduler] scheduler_health_check_threshold says who is alive")),
    ("dag_processor", "parsing_pre_import_modules", Obsolete("the host that parses has Airflow's package imported")),
    ("dag_processor", "dag_version_inflation_check_level", Obsolete("a version is made when a DAG's structure changes, and never else")),
    ("dask", "*", Obsolete("Airflow dropped the DaskExecutor")),
    ("database", "alembic_ini_file_path migration_batch_size external_db_managers", Obsolete("`db migrate` has its migrations built in")),
    ("database", "sql_alchemy_conn_async sql_alchemy_engine_args sql_engine_encoding sql_engine_collation_for_ids sql_alchemy_pool_enabled sql_alchemy_max_overflow sql_alchemy_pool_recycle sql_alchemy_pool_pre_ping sql_alchemy_connect_args sql_alchemy_connect_args_async sql_alchemy_session_maker max_db_retries", Obsolete("the driver keeps its own pool of [database] sql_alchemy_pool_size connections, checks them and tries again")),
    ("database", "sql_alchemy_schema", NotAvailable("say it in the address: …?options=-csearch_path%3Dname")),
    ("database", "load_default_connections", Obsolete("`connections create-default-connections` makes them")),
    ("debug", "*", Obsolete("dag.test() and `dags test` stop when a task fails")),
    ("elasticsearch", "*", NotAvailable("task logs are kept in [logging] base_log_folder")),
    ("elasticsearch_configs", "*", NotAvailable("task logs are kept in [logging] base_log_folder")),
    ("execution_api", "otel_trace_propagation", NotAvailable("there are no traces in this version")),
    ("github_enterprise", "*", Obsolete("accounts are made with `users create`")),
    ("hive", "*", Obsolete("the Hive provider has its own options")),
    ("kubernetes", "affinity airflow_configmap airflow_local_settings_configmap dags_in_image dags_volume_claim dags_volume_host dags_volume_mount_point dags_volume_subpath env_from_configmap_ref env_from_secret_ref fs_group git_branch git_dags_folder_mount_point git_repo git_ssh_key_secret_name git_ssh_known_hosts_configmap_name git_subpath git_sync_container_repository git_sync_container_tag git_sync_credentials_secret git_sync_depth git_sync_dest git_sync_init_container_name git_sync_rev git_sync_root git_sync_run_as_user image_pull_secrets logs_volume_claim logs_volume_host logs_volume_subpath run_as_user tolerations worker_container_image_pull_policy worker_service_account_name", Read("of Airflow 1.10: it is part of the pod, unless there is a pod_template_file")),
    ("kubernetes", "git_user git_password", NotAvailable("passwords are not written into pods: git_sync_credentials_secret names a secret that has them")),
    ("kubernetes", "gcp_service_account_keys", NotAvailable("keys are volumes of the pod of [kubernetes_executor] pod_template_file")),
    ("kubernetes", "enable_tcp_keepalive tcp_keep_idle tcp_keep_intvl tcp_keep_cnt", Obsolete("a request that is not answered ends after 30 seconds and is sent again; a watch begins anew every five minutes")),
    ("kubernetes", "worker_pods_pending_timeout_batch_size worker_pods_pending_timeout_check_interval worker_pods_queued_check_interval", Obsolete("pods are looked at when something changes, and every second")),
    ("kubernetes_executor", "api_client_retry_configuration", Obsolete("requests to Kubernetes are tried again while it is away")),
    ("kubernetes_executor", "async_client_factory client_factory", NotAvailable("the client is no Python object: config_file may name a program that gives credentials (users[].user.exec)")),
    ("kubernetes_executor", "async_pod_creation pod_creation_max_concurrency", Obsolete("pods are made side by side, worker_pods_creation_batch_size at once")),
    ("kubernetes_executor", "enable_tcp_keepalive tcp_keep_idle tcp_keep_intvl tcp_keep_cnt", Obsolete("a request that is not answered ends after 30 seconds and is sent again; a watch begins anew every five minutes")),
    ("kubernetes_executor", "logs_task_metadata", Obsolete("the scheduler's log always names try and pod")),
    ("kubernetes_executor", "worker_pods_pending_timeout_check_interval", Obsolete("pods are looked at when something changes, and every second")),
    ("ldap", "*", NotAvailable("accounts are made with `users create` and kept in the database")),
    ("lineage", "*", NotAvailable("lineage of hooks is not collected in this version")),
    ("logging", "remote_logging remote_log_conn_id delete_local_logs google_key_path remote_base_log_folder remote_task_handler_kwargs encrypt_s3_logs", NotAvailable("task logs are kept in [logging] base_log_folder; workers elsewhere send theirs there")),
    ("logging", "celery_logging_level celery_stdout_stderr_separation fab_logging_level uvicorn_logging_level logging_config_class colored_console_log log_format callsite_parameters simple_log_format log_formatter_class log_timestamp_format task_log_prefix_template extra_logger_names color_log_error_keywords color_log_warning_keywords colored_log_format colored_formatter_class interleave_timestamp_parser", Obsolete("task logs are JSON lines; processes log to standard error, by [logging] logging_level and json_logs")),
    ("logging", "dag_processor_log_target dag_processor_log_format dag_processor_child_process_log_directory dag_processor_manager_log_location dag_processor_manager_log_stdout log_processor_filename_template", Obsolete("the dag-processor logs to standard error; what a file prints is with its import error")),
    ("logging", "secret_mask_adapter min_length_masked_secret", Obsolete("secrets are masked wherever they appear")),
    ("logging", "log_filename_template task_log_reader use_historical_filename_templates", Obsolete("where task logs lie is fixed, in Airflow 3's shape")),
    ("logging", "worker_log_server_port trigger_log_server_port", Obsolete("nothing serves logs but the api-server; workers send theirs to it")),
    ("logging", "file_task_handler_new_folder_permissions file_task_handler_new_file_permissions", Obsolete("log files have the umask of the process")),
    ("logging", "enable_task_context_logger", Obsolete("what the scheduler has to say of a try is in the try's reason")),
    ("mesos", "*", Obsolete("Airflow dropped Mesos with version 2")),
    ("metrics", "metrics_allow_list metrics_block_list metrics_use_pattern_match legacy_names_on timer_unit_consistency stat_name_handler statsd_ipv6 statsd_datadog_enabled statsd_datadog_tags statsd_datadog_metrics_tags statsd_custom_client_path statsd_disabled_tags statsd_influxdb_enabled", NotAvailable("metrics go out as plain StatsD, all of them under Airflow's names")),
    ("metrics", "otel_on otel_host otel_port otel_prefix otel_interval_milliseconds otel_debugging_on otel_service otel_ssl_active", NotAvailable("metrics go out as StatsD; a collector can turn them into OpenTelemetry's")),
    ("operators", "default_cpus default_ram default_disk default_gpus", Obsolete("resources of an operator are for its author only: no executor uses them")),
    ("profiling", "*", NotAvailable("memory is profiled with memray itself, on a file that calls dag.test()")),
    ("scheduler", "scheduler_heartbeat_sec scheduler_idle_sleep_time processor_poll_interval max_tis_per_query max_dagruns_per_loop_to_schedule schedule_after_task_execution use_row_level_locking orphaned_tasks_check_interval task_instance_heartbeat_timeout_detection_interval zombie_detection_interval trigger_timeout_check_interval task_queued_timeout_check_interval", Obsolete("the scheduler is woken by what happens, and looks at that")),
    ("scheduler", "task_instance_heartbeat_sec local_task_job_heartbeat_sec", Obsolete("[workers] min_heartbeat_interval says how often workers report")),
    ("scheduler", "num_runs only_idle run_duration", Obsolete("a scheduler runs until it is stopped")),
    ("scheduler", "parsing_cleanup_interval stale_dag_threshold dag_stale_not_seen_duration deactivate_stale_dags_interval", Obsolete("a DAG goes when its file says so, or with its file")),
    ("scheduler", "pool_metrics_interval ti_metrics_interval dagrun_metrics_interval running_metrics_interval print_stats_interval", Obsolete("figures are counted when they are asked for")),
    ("scheduler", "enable_health_check scheduler_health_check_server_host scheduler_health_check_server_port", Obsolete("`jobs check --job-type SchedulerJob --local` and /api/v2/monitor/health say it")),
    ("scheduler", "ignore_first_depends_on_past_by_default", Obsolete("the first run of a task never waits for the one before")),
    ("scheduler", "enable_tracemalloc", Obsolete("the scheduler is no Python program")),
    ("scheduler", "child_process_log_directory", Obsolete("the dag-processor logs to standard error; what a file prints is with its import error")),
    ("scheduler", "parsing_pre_import_modules file_parsing_sort_mode", Obsolete("a file is parsed the moment it is saved, by a host that has Airflow's package imported")),
    ("scheduler", "standalone_dag_processor", Obsolete("the dag-processor is a process of its own; `standalone` runs it along")),
    ("scheduler", "allow_trigger_in_future", Obsolete("a run of a date in the future is allowed, and begins at once")),
    ("scheduler", "statsd_allow_list authenticate", Obsolete("of Airflow 1.10: metrics are under [metrics]")),
    ("sdk", "*", NotAvailable("tasks are Python; other languages are started by operators")),
    ("secrets", "use_cache cache_ttl_seconds", Obsolete("a parse asks the backend for each secret once")),
    ("sentry", "*", NotAvailable("nothing is sent to Sentry: set a callback or a listener")),
    ("smart_sensor", "*", Obsolete("Airflow dropped smart sensors; deferrable operators are in their place")),
    ("traces", "*", NotAvailable("there are no traces in this version")),
    ("triggerer", "blocked_main_thread_warning_threshold", Obsolete("[triggerer] runner_health_check_threshold says when a loop that hangs is ended")),
    ("triggerer", "max_trigger_to_select_per_loop", Obsolete("a triggerer takes triggers as it has room for")),
    ("webserver", "access_denied_message config_file default_ui_timezone dag_default_view dag_orientation grid_view_sorting_order log_fetch_timeout_sec log_fetch_delay_sec log_auto_tailing_offset log_animation_speed hide_paused_dags_by_default navbar_color navbar_text_color navbar_hover_color navbar_text_hover_color navbar_logo_text_color default_dag_run_display_number default_wrap show_recent_stats_for_completed_runs instance_name_has_markup auto_refresh_interval audit_view_excluded_events audit_view_included_events show_trigger_form_if_no_params num_recent_configurations_for_trigger allow_raw_html_descriptions require_confirmation_dag_change demo_mode owner_mode filter_by_owner", Obsolete("the web interface is another one: it is told of changes as they happen, and remembers what each person chose")),
    ("webserver", "web_server_ssl_cert web_server_ssl_key", NotAvailable("the api-server speaks plain HTTP: let a proxy in front of it speak TLS")),
    ("webserver", "session_backend caching_hash_method", Obsolete("a login is a signed token; nothing about it is stored")),
    ("webserver", "web_server_master_timeout web_server_worker_timeout worker_refresh_batch_size worker_refresh_interval reload_on_plugin_change workers worker_class", Obsolete("one process uses all cores and never needs to be restarted")),
    ("webserver", "access_logfile error_logfile access_logformat", Obsolete("the api-server logs to standard error, by [logging] logging_level and json_logs")),
    ("webserver", "expose_hostname expose_stacktrace warn_deployment_exposure enable_swagger_ui run_internal_api", Obsolete("answers never show the program's insides, and the API's description is always served")),
    ("webserver", "enable_proxy_fix proxy_fix_x_proto proxy_fix_x_host proxy_fix_x_port proxy_fix_x_prefix", Obsolete("links are made with [api] base_url")),
    ("webserver", "x_frame_enabled", NotAvailable("pages are never shown inside other sites")),
    ("webserver", "analytics_tool analytics_id analytics_url", Obsolete("nothing tells anybody who looks at what")),
    ("webserver", "allowed_payload_size max_form_memory_size max_form_parts", Obsolete("the size of requests is limited by the server")),
    ("webserver", "authenticate rbac update_fab_perms auth_rate_limit auth_rate_limited", Obsolete("everybody signs in, and rights follow roles at once")),
    ("workers", "state_store_backend", Obsolete("the state of tasks is kept by the api-server")),
    ("workers", "max_failed_heartbeats execution_api_retries execution_api_retry_wait_min execution_api_retry_wait_max execution_api_timeout socket_cleanup_timeout", Obsolete("a worker that cannot reach the api-server tries until it can, and its tasks go on meanwhile")),
    ("workers", "missing_dag_retries missing_dag_retires missing_dag_retry_delay", Obsolete("a try whose file does not have its DAG fails at once, and is retried as its task says")),
];

/// Sections of Airflow 1.10 whose options are names of the user's own; they are read, as parts of the pod.
pub const POD_SECTIONS: [&str; 5] = [
    "kubernetes_annotations",
    "kubernetes_environment_variables",
    "kubernetes_labels",
    "kubernetes_node_selectors",
    "kubernetes_secrets",
];

/// Whether it is read although it is no option of [`super::options`].
pub fn is_read(section: &str, key: &str) -> bool {
    POD_SECTIONS.contains(&section) || matches!(find(section, key), Some(Read(_)))
}

/// The row of an option.
pub fn find(section: &str, key: &str) -> Option<Why> {
    let named = |keys: &str| keys == "*" || keys.split(' ').any(|k| k == key);
    UNUSED.iter().find(|(s, keys, _)| *s == section && named(keys)).map(|(.., why)| *why)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::options::ALL;
    use crate::config::renames::RENAMES;

    const VERSIONS: [(&str, &str, usize); 3] = [
        ("3.3", include_str!("airflow_options/3.3.txt"), 320),
        ("2.11", include_str!("airflow_options/2.11.txt"), 309),
        ("1.10", include_str!("airflow_options/1.10.txt"), 268),
    ];

    fn names(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let sections = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once(']'));
        sections.flat_map(|(section, keys)| keys.split_whitespace().map(move |key| (section, key)))
    }

    #[test]
    fn every_option_of_airflow_is_read_renamed_or_has_a_reason() {
        let ours = |s: &str, k: &str| ALL.iter().any(|o| o.section == s && o.key == k);
        let renamed = |s: &str, k: &str| RENAMES.iter().any(|(os, ok, ..)| *os == s && *ok == k);
        let mut nowhere = Vec::new();
        let mut twice = Vec::new();
        for (version, text, count) in VERSIONS {
            assert_eq!(names(text).count(), count, "options of {version}");
            for (s, k) in names(text) {
                let by_name = UNUSED.iter().any(|(us, keys, _)| *us == s && keys.split(' ').any(|key| key == k));
                match (ours(s, k) || renamed(s, k), by_name || find(s, k).is_some()) {
                    (false, false) => nowhere.push(format!("{version} [{s}] {k}")),
                    (true, true) if by_name => twice.push(format!("[{s}] {k}")),
                    _ => {}
                }
            }
        }
        assert!(nowhere.is_empty(), "options without a row: {nowhere:#?}");
        assert!(twice.is_empty(), "read, and yet among those that are not: {twice:#?}");
    }

    #[test]
    fn what_is_said_to_be_unused_is_an_option_of_airflow() {
        for (section, keys, why) in UNUSED {
            let known = super::super::unknown::keys_of(section);
            assert!(!known.is_empty(), "[{section}]");
            for key in keys.split(' ').filter(|key| *key != "*") {
                assert!(known.contains(&key), "[{section}] {key} is no option of Airflow");
            }
            assert!(!why.reason().ends_with('.'));
        }
    }

    /// Every option that is said to be read is read: by Rust through its name, or by Python through `conf`.
    #[test]
    fn what_is_said_to_be_read_is_read() {
        let mut rust = String::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs", &mut rust);
        let mut python = String::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/airflow"), "py", &mut python);
        let table = include_str!("options.rs");
        for spec in ALL {
            let row = format!(" = [\"{}\"] \"{}\"", spec.section, spec.key);
            let at = table.find(&row).unwrap_or_else(|| panic!("no row {row}"));
            let name = table[..at].rsplit(' ').next().unwrap_or_default();
            let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let named = format!("::{name}");
            let in_rust = rust.match_indices(&named).any(|(at, _)| !rust[at + named.len()..].starts_with(goes_on))
                || rust.contains(&format!("({name})"));
            // Arguments of a class are looked up beside it.
            let key = spec.key.trim_end_matches("_kwargs");
            let made = key.rsplit_once('_').is_some_and(|(most, _)| python.contains(&format!("f\"{most}_{{")));
            let in_python = made || python.contains(&format!("\"{key}\""));
            assert!(in_rust || in_python, "[{}] {} is read nowhere", spec.section, spec.key);
        }
    }

    fn collect(folder: &Path, ending: &str, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            // The tables themselves prove nothing.
            if name == "options.rs" || name == "_config_defaults.py" {
                continue;
            }
            if path.is_dir() {
                collect(&path, ending, text);
            } else if path.extension().is_some_and(|e| e == ending) {
                text.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
}
