//! What the python package writes is what we read: its golden files become planners' DAGs and timetables.

use std::path::Path;

use tradewind_core::timetable::TimetableSpec;
use tradewind_protocol::SerializedDag;
use tradewind_protocol::serialized_dag::DagDefaults;

#[test]
fn reads_every_golden_of_the_python_package() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/tests/dags");
    let mut dags = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let documents: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for document in documents {
            let dag: SerializedDag = serde_json::from_value(document.clone())
                .unwrap_or_else(|error| panic!("{}: {error}: {document}", path.display()));
            let timetable: TimetableSpec = serde_json::from_value(dag.timetable.clone()).unwrap();
            timetable.compile().unwrap();
            let core = dag.to_core(&DagDefaults::default()).unwrap();
            assert_eq!(core.tasks.len(), dag.tasks.len());
            // Nothing that python wrote may be lost: every field is one that we know.
            let again = serde_json::to_value(&dag).unwrap();
            assert_known(&document, &again, &dag.dag_id);
            dags += 1;
        }
    }
    assert!(dags > 10, "only {dags} DAGs in {}", folder.display());
}

/// Every field of `python` is in `rust` too.
fn assert_known(python: &serde_json::Value, rust: &serde_json::Value, at: &str) {
    match (python, rust) {
        (serde_json::Value::Object(fields), serde_json::Value::Object(known)) => {
            for (name, value) in fields {
                let Some(found) = known.get(name) else { panic!("{at}.{name} is not known") };
                assert_known(value, found, &format!("{at}.{name}"));
            }
        }
        (serde_json::Value::Array(items), serde_json::Value::Array(known)) => {
            assert_eq!(items.len(), known.len(), "{at}");
            items.iter().zip(known).for_each(|(item, found)| assert_known(item, found, at));
        }
        (serde_json::Value::Number(a), serde_json::Value::Number(b)) => assert_eq!(a.as_f64(), b.as_f64(), "{at}"),
        (a, b) => assert_eq!(a, b, "{at}"),
    }
}
