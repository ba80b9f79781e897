//! Requirements on Airflow itself. Tradewind is the engine, and its own `apache-airflow` meets them; an extra such as
//! `postgres` becomes the provider package that it stands for.

use super::package::is_engine;
use super::requirements::{Line, Requirements, normal};

/// What becomes of requirements.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// For pip.
    pub lines: Vec<String>,
    /// What people should know.
    pub notes: Vec<String>,
    /// Airflow itself is asked for: what it brings along is expected.
    pub asks_for_engine: bool,
}

/// Takes lines on the engine out and puts provider packages in.
///
/// # Errors
/// An extra that stands for everything; says what to write.
pub fn translate(requirements: &Requirements) -> Result<Translated, String> {
    let mut out = Translated::default();
    for line in &requirements.lines {
        match line.name().filter(|name| is_engine(name)) {
            Some(_) => engine_line(line, &mut out)?,
            None => out.lines.push(line.text.clone()),
        }
    }
    Ok(out)
}

fn engine_line(line: &Line, out: &mut Translated) -> Result<(), String> {
    let place = format!("{}:{}", line.file.file_name().unwrap_or_default().to_string_lossy(), line.number);
    let asked = line.text.split(" --").next().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let (mut packages, mut ours) = (Vec::new(), Vec::new());
    for extra in line.extras() {
        match meaning(&normal(extra)) {
            Meaning::Packages(list) => packages.extend(list),
            Meaning::Engine => ours.push(extra),
            Meaning::Everything => {
                return Err(format!(
                    "{place}: the extra '{extra}' would bring a hundred provider packages; name those that your DAGs \
                     use, such as apache-airflow[amazon,postgres]"
                ));
            }
        }
    }
    let mut note = format!("{place}: {asked}: Tradewind is the engine and meets this");
    if !packages.is_empty() {
        note.push_str(&format!("; its extras become {}", packages.join(", ")));
    }
    if !ours.is_empty() {
        note.push_str(&format!("; nothing is needed for {}", ours.join(", ")));
    }
    out.notes.push(note);
    out.asks_for_engine = true;
    let marker = line.marker().map(|marker| format!(" {marker}")).unwrap_or_default();
    out.lines.extend(packages.into_iter().map(|package| format!("{package}{marker}")));
    Ok(())
}

/// What an extra stands for.
enum Meaning {
    Packages(Vec<String>),
    Engine,
    Everything,
}

/// Extras of the engine's own (documented in Airflow's "Reference for package extras"), and names of 1.10 that differ
/// from the provider's. Every other extra is the name of a provider.
fn meaning(extra: &str) -> Meaning {
    let provider = |name: &str| Meaning::Packages(vec![format!("apache-airflow-providers-{name}")]);
    match extra {
        "all" | "all-core" | "all-dbs" | "devel" | "devel-all" | "devel-ci" | "devel-hadoop" => Meaning::Everything,
        "async" | "celery" | "cgroups" | "crypto" | "deprecated-api" | "doc" | "edge3" | "fab" | "flask-oauth"
        | "github-enterprise" | "google-auth" | "gunicorn" | "kerberos" | "ldap" | "leveldb" | "memray" | "otel"
        | "password" | "rabbitmq" | "saml" | "standard" | "statsd" | "uv" | "webhdfs-kerberos" => Meaning::Engine,
        "aiobotocore" | "cloudpickle" | "graphviz" | "pandas" | "polars" | "s3fs" | "virtualenv" => {
            Meaning::Packages(vec![extra.to_owned()])
        }
        "sentry" => Meaning::Packages(vec!["sentry-sdk".into()]),
        "aws" | "s3" | "emr" => provider("amazon"),
        "gcp" | "gcp-api" | "google-cloud" => provider("google"),
        "azure" | "azure-blob-storage" | "azure-data-lake" | "azure-cosmos" | "azure-container-instances" => {
            provider("microsoft-azure")
        }
        "mssql" => provider("microsoft-mssql"),
        "winrm" => provider("microsoft-winrm"),
        "kubernetes" => provider("cncf-kubernetes"),
        "atlassian" | "jira" => provider("atlassian-jira"),
        "cassandra" | "druid" | "flink" | "hdfs" | "hive" | "impala" | "kafka" | "kylin" | "livy" | "pig" | "pinot"
        | "spark" => provider(&format!("apache-{extra}")),
        "webhdfs" | "apache-webhdfs" => provider("apache-hdfs"),
        "dbt" => provider("dbt-cloud"),
        other => provider(other),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn lines(texts: &[&str]) -> Requirements {
        let line = |(n, text): (usize, &&str)| Line {
            file: PathBuf::from("/x/requirements.txt"),
            number: n + 1,
            text: (*text).into(),
        };
        Requirements { lines: texts.iter().enumerate().map(line).collect() }
    }

    #[test]
    fn the_engine_is_ours_and_extras_become_providers() {
        let read = lines(&[
            "apache-airflow[postgres, aws,celery]==2.9.3 ; python_version >= '3.9' --hash=sha256:aa",
            "pandas<3",
            "Apache_Airflow_Core",
        ]);
        let translated = translate(&read).unwrap();
        assert_eq!(
            translated.lines,
            [
                "apache-airflow-providers-postgres ; python_version >= '3.9'",
                "apache-airflow-providers-amazon ; python_version >= '3.9'",
                "pandas<3"
            ]
        );
        assert_eq!(
            translated.notes,
            [
                "requirements.txt:1: apache-airflow[postgres, aws,celery]==2.9.3: Tradewind is the engine and meets this; \
                 its extras become apache-airflow-providers-postgres, apache-airflow-providers-amazon; nothing is needed \
                 for celery",
                "requirements.txt:3: Apache_Airflow_Core: Tradewind is the engine and meets this"
            ]
        );
        assert!(translate(&lines(&["apache-airflow[all]"])).unwrap_err().contains("name those that your DAGs use"));
        assert_eq!(translate(&lines(&["apache-airflow-providers-http"])).unwrap().notes.len(), 0);
    }
}
