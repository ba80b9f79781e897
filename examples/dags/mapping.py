"""Dynamic task mapping: as many tasks as there are files, a group of tasks for each, and one report over all."""

from datetime import datetime

from airflow.sdk import dag, setup, task, task_group, teardown


@dag(schedule=None, start_date=datetime(2024, 1, 1), catchup=False, tags=["example", "mapping"])
def mapping():
    @setup
    def open_store():
        print("the store is open")

    @teardown
    def close_store():
        print("the store is closed, whatever happened")

    @task
    def list_files():
        return ["sales.csv", "stock.csv", "readme.txt"]

    @task
    def read(file: str):
        return {"file": file, "rows": len(file) * 10}

    @task.branch
    def choose(file: str):
        return "clean.keep" if file.endswith(".csv") else "clean.drop"

    @task
    def keep(content: dict):
        return content["rows"]

    @task
    def drop(file: str):
        print(f"{file} is no table")

    @task_group
    def clean(file: str):
        content = read(file)
        content >> choose(file) >> [keep(content), drop(file)]

    @task(map_index_template="{{ task.op_kwargs['rows'] }} rows", trigger_rule="none_failed")
    def check(rows: int):
        assert rows > 0
        return rows

    @task(trigger_rule="none_failed")
    def report(rows: list):
        print(f"{sum(rows)} rows in {len(rows)} tables")
        return sum(rows)

    with open_store() >> close_store():
        files = list_files()
        groups = clean.expand(file=files)
        report(check.expand(rows=groups.get_child_by_label("keep").output))


mapping()
