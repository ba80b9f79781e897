//! Names and labels of pods, in Airflow's form: what Kubernetes takes, and the same for the same try.

use sha2::{Digest as _, Sha256};

/// The longest name of a pod: it is a host name as well.
const LONGEST_NAME: usize = 63;
/// The longest value of a label.
const LONGEST_LABEL: usize = 63;
/// Characters of what makes a name unique.
const SUFFIX: usize = 8;

/// `my_dag.my_task` becomes `my-dag-my-task-x7k2p9qa`: lower-case letters, digits and hyphens, at most 63 of them. The
/// end is computed from `unique`, so that whoever asks for the pod of the same try twice gets the same name, and
/// Kubernetes makes it once.
pub fn pod_name(dag_id: &str, task_id: &str, unique: &str) -> String {
    let mut name = slug(&format!("{dag_id}-{task_id}"));
    name.truncate(LONGEST_NAME - SUFFIX - 1);
    let name = name.trim_end_matches('-');
    let suffix = suffix(unique);
    if name.is_empty() { format!("task-{suffix}") } else { format!("{name}-{suffix}") }
}

/// Letters and digits stay, in lower case; everything between them becomes one hyphen.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug
}

/// Letters and digits that stand for the text.
fn suffix(unique: &str) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let hash = Sha256::digest(unique.as_bytes());
    hash.iter().take(SUFFIX).map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()])).collect()
}

/// A text as the value of a label. What a label cannot hold is left out, and what differs from the text gets a hash
/// of it at its end, so that different texts stay different.
pub fn label_value(text: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let kept: String = text.chars().filter(allowed).collect();
    let is_end = |c: char| !c.is_ascii_alphanumeric();
    let safe = kept.trim_matches(is_end);
    if safe == text && safe.len() <= LONGEST_LABEL {
        return safe.to_owned();
    }
    let hash: String = Sha256::digest(text.as_bytes()).iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let mut short = safe.to_owned();
    short.truncate(LONGEST_LABEL - hash.len() - 1);
    let short = short.trim_end_matches(is_end);
    if short.is_empty() { hash } else { format!("{short}-{hash}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_kubernetes_takes() {
        let name = pod_name("My_DAG.v2", "group.task__1", "x");
        assert!(name.starts_with("my-dag-v2-group-task-1-"), "{name}");
        assert_eq!(name, pod_name("My_DAG.v2", "group.task__1", "x"), "the same try, the same name");
        assert_ne!(name, pod_name("My_DAG.v2", "group.task__1", "y"));
        for (dag_id, task_id) in
            [("d".repeat(250), "t".repeat(250)), ("데이터".into(), "_".into()), ("1".into(), "-".into())]
        {
            let name = pod_name(&dag_id, &task_id, "x");
            assert!(name.len() <= 63 && !name.contains("--"), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert!(name.starts_with(|c: char| c != '-') && name.ends_with(|c: char| c != '-'), "{name}");
        }
    }

    #[test]
    fn labels_are_what_kubernetes_takes_and_different_texts_stay_different() {
        assert_eq!(label_value("etl_daily.v2"), "etl_daily.v2");
        assert_eq!(label_value(""), "");
        let colon = label_value("manual__2026-01-01T00:00:00+00:00");
        assert!(colon.starts_with("manual__2026-01-01T0000000000-") && colon.len() <= 63, "{colon}");
        assert_ne!(colon, label_value("manual__2026-01-01T00:00:00-00:00"));
        assert_ne!(label_value(&"a".repeat(100)), label_value(&"a".repeat(101)));
        assert!(label_value("_ä_").chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
