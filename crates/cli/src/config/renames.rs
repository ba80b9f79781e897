//! Where options of Airflow 1.10 and 2.x live now, as far as they concern options that Tradewind has.

/// Old section, old key, new section, new key.
pub const RENAMES: &[(&str, &str, &str, &str)] = &[
    ("core", "sql_alchemy_conn", "database", "sql_alchemy_conn"),
    ("core", "sql_alchemy_pool_size", "database", "sql_alchemy_pool_size"),
    ("admin", "hide_sensitive_variable_fields", "core", "hide_sensitive_var_conn_fields"),
    ("admin", "sensitive_variable_fields", "core", "sensitive_var_conn_names"),
    ("core", "dag_concurrency", "core", "max_active_tasks_per_dag"),
    ("core", "non_pooled_task_slot_count", "core", "default_pool_task_slot_count"),
    ("core", "base_log_folder", "logging", "base_log_folder"),
    ("core", "logging_level", "logging", "logging_level"),
    ("core", "dag_file_processor_timeout", "dag_processor", "dag_file_processor_timeout"),
    ("celery", "default_queue", "operators", "default_queue"),
    ("workers", "execution_api_server_url", "core", "execution_api_server_url"),
    ("webserver", "web_server_host", "api", "host"),
    ("webserver", "web_server_port", "api", "port"),
    ("webserver", "base_url", "api", "base_url"),
    ("webserver", "instance_name", "api", "instance_name"),
    ("webserver", "expose_config", "api", "expose_config"),
    ("triggerer", "default_capacity", "triggerer", "capacity"),
    ("scheduler", "max_callbacks_per_loop", "dag_processor", "max_callbacks_per_loop"),
    ("scheduler", "statsd_on", "metrics", "statsd_on"),
    ("scheduler", "statsd_host", "metrics", "statsd_host"),
    ("scheduler", "statsd_port", "metrics", "statsd_port"),
    ("scheduler", "statsd_prefix", "metrics", "statsd_prefix"),
    ("webserver", "page_size", "api", "fallback_page_limit"),
    ("webserver", "secret_key", "api", "secret_key"),
    ("webserver", "session_lifetime_minutes", "fab", "session_lifetime_minutes"),
    ("webserver", "cookie_samesite", "fab", "cookie_samesite"),
    ("webserver", "cookie_secure", "fab", "cookie_secure"),
    ("webserver", "proxy_fix_x_for", "fab", "proxy_fix_x_for"),
    ("webserver", "auth_rate_limited", "fab", "auth_rate_limited"),
    ("webserver", "auth_rate_limit", "fab", "auth_rate_limit"),
    ("api", "page_size", "api", "fallback_page_limit"),
    ("scheduler", "max_threads", "dag_processor", "parsing_processes"),
    ("scheduler", "parsing_processes", "dag_processor", "parsing_processes"),
    ("scheduler", "min_file_process_interval", "dag_processor", "min_file_process_interval"),
    ("scheduler", "dag_dir_list_interval", "dag_processor", "refresh_interval"),
    ("scheduler", "scheduler_zombie_task_threshold", "scheduler", "task_instance_heartbeat_timeout"),
    ("kubernetes", "cluster_context", "kubernetes_executor", "cluster_context"),
    ("kubernetes", "config_file", "kubernetes_executor", "config_file"),
    ("kubernetes", "delete_option_kwargs", "kubernetes_executor", "delete_option_kwargs"),
    ("kubernetes", "delete_worker_pods", "kubernetes_executor", "delete_worker_pods"),
    ("kubernetes", "delete_worker_pods_on_failure", "kubernetes_executor", "delete_worker_pods_on_failure"),
    ("kubernetes", "in_cluster", "kubernetes_executor", "in_cluster"),
    ("kubernetes", "kube_client_request_args", "kubernetes_executor", "kube_client_request_args"),
    ("kubernetes", "multi_namespace_mode", "kubernetes_executor", "multi_namespace_mode"),
    ("kubernetes", "namespace", "kubernetes_executor", "namespace"),
    ("kubernetes", "pod_template_file", "kubernetes_executor", "pod_template_file"),
    ("kubernetes", "verify_ssl", "kubernetes_executor", "verify_ssl"),
    ("kubernetes", "worker_container_repository", "kubernetes_executor", "worker_container_repository"),
    ("kubernetes", "worker_container_tag", "kubernetes_executor", "worker_container_tag"),
    ("kubernetes", "worker_pods_creation_batch_size", "kubernetes_executor", "worker_pods_creation_batch_size"),
    ("kubernetes", "worker_pods_pending_timeout", "scheduler", "task_queued_timeout"),
    ("kubernetes_executor", "worker_pods_pending_timeout", "scheduler", "task_queued_timeout"),
];

/// The new place of an old name.
pub fn renamed(section: &str, key: &str) -> Option<(&'static str, &'static str)> {
    RENAMES.iter().find(|(s, k, ..)| *s == section && *k == key).map(|(_, _, s, k)| (*s, *k))
}

/// Old names of an option, oldest first.
pub fn old_names(section: &str, key: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    RENAMES.iter().filter(move |(_, _, s, k)| *s == section && *k == key).map(|(s, k, ..)| (*s, *k))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rename_leads_to_an_option_that_we_have() {
        for (old_section, old_key, section, key) in RENAMES {
            let there = super::super::options::ALL.iter().any(|o| o.section == *section && o.key == *key);
            assert!(there, "[{old_section}] {old_key} leads to [{section}] {key}, which is not there");
            assert!((old_section, old_key) != (section, key));
        }
    }
}
