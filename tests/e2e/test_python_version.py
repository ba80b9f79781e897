"""A run through what tasks use most, on the interpreter under test (see scripts/python-matrix.sh)."""

from __future__ import annotations

import subprocess


def test_files_are_parsed_and_tasks_run_on_this_version_of_python(home):
    home.dag(
        "everyday.py",
        """
        from __future__ import annotations

        import sys
        from datetime import datetime, timedelta

        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import Variable, dag, task, task_group

        @dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 0})
        def everyday():
            @task
            def numbers() -> list[int]:
                print("python", "%d.%d.%d" % sys.version_info[:3])
                return [1, 2, 3]

            @task
            def double(n: int) -> int:
                return n * 2

            @task.branch
            def way(total: int) -> str:
                return "right" if total == 12 else "wrong"

            @task_group
            def group(listed):
                @task
                def total(values) -> int:
                    return sum(values)

                return total(listed)

            @task(execution_timeout=timedelta(minutes=1))
            def right(logical_date=None, **context):
                Variable.set("seen", context["run_id"])
                print("seen", Variable.get("seen"))

            wrong = BashOperator(task_id="wrong", bash_command="exit 1")
            last = BashOperator(task_id="last", bash_command="echo it was {{ run_id }}", trigger_rule="none_failed")
            way(group(double.expand(n=numbers()))) >> [right(), wrong] >> last

        everyday()
        """,
    )
    home.standalone()
    home.wait_dag("everyday")
    run_id = home.trigger("everyday", "one")
    home.wait_run("everyday", run_id)
    states = {name: t["state"] for name, t in home.tasks("everyday", run_id).items()}
    assert (states["right"], states["wrong"], states["last"]) == ("success", "skipped", "success")
    python = home.env["AIRFLOW__TRADEWIND__PYTHON"]
    version = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True
    )
    assert f"python {version.stdout.strip()}" in home.log("everyday", run_id, "numbers")
    assert "seen one" in home.log("everyday", run_id, "right")
    assert "it was one" in home.log("everyday", run_id, "last")
