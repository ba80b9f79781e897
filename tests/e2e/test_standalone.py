"""`tradewind standalone`: from an empty directory to finished runs, logs, import errors and a graceful end."""

from __future__ import annotations

import stat
import time

from system import wait_for

ERAS = {
    "classic.py": """
        from datetime import timedelta
        import airflow
        from airflow import DAG
        from airflow.operators.bash_operator import BashOperator

        dag = DAG("classic", default_args={"start_date": airflow.utils.dates.days_ago(2), "retries": 1},
                  schedule_interval=None)
        t1 = BashOperator(task_id="print_date", bash_command="date; echo era one", dag=dag)
    """,
    "modern.py": """
        from airflow.sdk import dag, task

        @dag(schedule=None)
        def modern():
            @task
            def one():
                print("era three")
                return 41

            @task
            def two(n):
                return n + 1

            two(one())

        modern()
    """,
}


def test_an_empty_directory_is_all_that_it_needs(home):
    home.dags.rmdir()
    home.path.rmdir()
    del home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"]
    home.path.parent.mkdir(exist_ok=True)
    home.path.mkdir()
    process = home.standalone()
    password_file = home.path / "standalone_admin_password.txt"
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    banner = process.output()
    assert home.url in banner
    assert str(password_file) in banner
    assert str(home.path / "dags") in banner
    password = password_file.read_text().strip()
    answer = home.http.post(f"{home.url}/auth/token", json={"username": "admin", "password": password}, timeout=10)
    assert answer.status_code == 201, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert home.http.get(f"{home.url}/api/v2/dags", headers=headers, timeout=10).status_code == 200
    assert home.http.get(f"{home.url}/api/v2/dags", timeout=10).status_code == 401
    wrong = home.http.post(f"{home.url}/auth/token", json={"username": "admin", "password": "no"}, timeout=10)
    assert wrong.status_code == 401
    assert process.stop() == 0

    again = home.standalone()
    assert password_file.read_text().strip() == password
    assert home.http.get(f"{home.url}/api/v2/dags", headers=headers, timeout=10).status_code == 200, "tokens survive"
    assert again.stop() == 0


def test_files_of_two_eras_run_to_their_end_with_logs(home):
    for name, source in ERAS.items():
        home.dag(name, source)
    home.standalone()
    for dag_id in ("classic", "modern"):
        home.wait_dag(dag_id)
        run_id = home.trigger(dag_id)
        home.wait_run(dag_id, run_id)
        states = {t: ti["state"] for t, ti in home.tasks(dag_id, run_id).items()}
        assert set(states.values()) == {"success"}, states
        if dag_id == "classic":
            assert "era one" in home.log(dag_id, run_id, "print_date")
        else:
            assert "era three" in home.log(dag_id, run_id, "one")
            value = home.get(f"dags/modern/dagRuns/{run_id}/taskInstances/two/xcomEntries/return_value")["value"]
            assert value in (42, "42")


def test_a_saved_file_is_visible_at_once_and_a_removed_one_goes(home):
    home.standalone()
    saved = time.monotonic()
    file = home.dag("modern.py", ERAS["modern.py"])
    home.wait_dag("modern", timeout=10)
    # A debug build on a busy machine; the benchmark has the real figure.
    assert time.monotonic() - saved < 5
    file.unlink()
    wait_for("the DAG to go", lambda: home.get("dags")["total_entries"] == 0, timeout=10)
    home.dag("modern.py", ERAS["modern.py"])
    wait_for("the DAG to come back", lambda: home.get("dags")["total_entries"] == 1, timeout=10)


def test_broken_files_become_import_errors_and_touch_nothing_else(home):
    broken = {
        "syntax.py": ("from airflow.sdk import DAG\ndef broken(:\n    pass\n", "SyntaxError"),
        "raises.py": ("import airflow\nfrom airflow.sdk import DAG\nraise ValueError('no good')\n", "no good"),
        "exits.py": ("import airflow\nfrom airflow.sdk import DAG\nimport sys\nsys.exit(3)\n", "exit"),
        "dies.py": ("import airflow\nfrom airflow.sdk import DAG\nimport os\nos._exit(7)\n", "7"),
        "cycle.py": (
            "from airflow.sdk import DAG\nfrom airflow.operators.empty import EmptyOperator\n"
            "with DAG('cycle', schedule=None):\n    a = EmptyOperator(task_id='a')\n    b = EmptyOperator(task_id='b')\n"
            "    a >> b >> a\n",
            "ycle",
        ),
        "twice.py": (
            "from airflow.sdk import DAG\nfrom airflow.operators.empty import EmptyOperator\n"
            "with DAG('twice', schedule=None):\n    EmptyOperator(task_id='a')\n    EmptyOperator(task_id='a')\n",
            "'a'",
        ),
        "cron.py": ("from airflow.sdk import DAG\ndag = DAG('cron', schedule='61 * * * *')\n", "61"),
    }
    for name, (source, _) in broken.items():
        home.dag(name, source)
    home.dag("modern.py", ERAS["modern.py"])
    home.standalone()
    home.wait_dag("modern")

    def errors():
        found = home.get("importErrors", limit=100)["import_errors"]
        return found if len(found) == len(broken) else None

    found = {e["filename"].rpartition("/")[2]: e["stack_trace"] for e in wait_for("import errors", errors)}
    for name, (_, text) in broken.items():
        assert text in found[name], f"{name}: {found[name]}"
    listed = home.cli_json("dags", "list-import-errors")
    assert len(listed) == len(broken)
    assert [d["dag_id"] for d in home.cli_json("dags", "list")] == ["modern"]
    run_id = home.trigger("modern")
    home.wait_run("modern", run_id)

    home.dag("syntax.py", "from airflow.sdk import DAG\ndag = DAG('mended', schedule=None)\n")
    home.wait_dag("mended")
    assert home.get("importErrors")["total_entries"] == len(broken) - 1


def test_retries_timeouts_and_failures_end_as_they_should(home):
    home.dag(
        "ends.py",
        """
        from datetime import timedelta
        from airflow.sdk import dag, task
        from airflow.operators.bash import BashOperator

        @dag(schedule=None, default_args={"retry_delay": timedelta(milliseconds=100)})
        def ends():
            @task(retries=2)
            def second_try(ti=None):
                if ti.try_number < 2:
                    raise RuntimeError("first try fails")

            @task(execution_timeout=timedelta(seconds=1))
            def too_long():
                import time
                time.sleep(60)

            second_try()
            too_long()
            BashOperator(task_id="exit_3", bash_command="exit 3")
            BashOperator(task_id="skipped", bash_command="exit 99")
            BashOperator(task_id="killed", bash_command="kill -9 $$")

        ends()
        """,
    )
    home.standalone()
    home.wait_dag("ends")
    run_id = home.trigger("ends")
    home.wait_run("ends", run_id, "failed")
    tasks = home.tasks("ends", run_id)
    states = {t: ti["state"] for t, ti in tasks.items()}
    assert states == {
        "second_try": "success",
        "too_long": "failed",
        "exit_3": "failed",
        "skipped": "skipped",
        "killed": "failed",
    }
    assert tasks["second_try"]["try_number"] == 2
    tries = home.get(f"dags/ends/dagRuns/{run_id}/taskInstances/second_try/tries")["task_instances"]
    assert [t["state"] for t in tries] == ["failed", "success"] or [t["state"] for t in tries] == [
        "up_for_retry",
        "success",
    ]
    assert tasks["too_long"]["duration"] < 20


def test_it_stops_gracefully_and_tasks_do_not_outlive_it(home, tmp_path):
    home.dag(
        "long.py",
        f"""
        from airflow.sdk import dag, task

        @dag(schedule=None)
        def long():
            @task
            def sleeps():
                import os, pathlib, time
                pathlib.Path("{tmp_path}/pid").write_text(str(os.getpid()))
                time.sleep(300)

            sleeps()

        long()
        """,
    )
    process = home.standalone()
    home.wait_dag("long")
    home.trigger("long")
    pid = int(wait_for("the task to start", lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    assert process.stop(timeout=30) == 0
    wait_for("the task to end with it", lambda: not _alive(pid), timeout=10)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat_file:
            return stat_file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
