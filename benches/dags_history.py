"""200 DAGs of 50 empty tasks: what `browse.py fill` makes a long history of."""

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

for number in range(200):
    with DAG(
        dag_id=f"history_{number:03}",
        schedule=None,
        max_active_runs=100,
        tags=["history", f"team-{number % 7}"],
        doc_md="A pipeline with a past.",
    ) as dag:
        for place in range(50):
            EmptyOperator(task_id=f"step_{place:02}")
    globals()[dag.dag_id] = dag
