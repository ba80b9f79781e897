"""DAG objects as canonical JSON (the shape is the Rust crate `protocol`s `SerializedDag`)."""
