"""Parse jobs: what comes back for good and bad files."""

from __future__ import annotations

import pytest

TRACEBACK = 'Traceback (most recent call last):\n  File "'


def test_gives_dags_of_variables_contexts_and_decorators(host, dag_file):
    parsed = host.parse(
        dag_file(
            """
            from airflow import DAG
            from airflow.decorators import dag, task
            from airflow.operators.empty import EmptyOperator

            in_variable = DAG("in_variable", schedule=None)
            EmptyOperator(task_id="t", dag=in_variable)

            with DAG("in_context", schedule=None):
                EmptyOperator(task_id="t")

            @dag(schedule=None)
            def decorated():
                @task
                def t(): ...
                t()
            decorated()

            with DAG("not_registered", schedule=None, auto_register=False):
                EmptyOperator(task_id="t")
            """
        )
    )
    assert parsed["import_error"] is None
    assert [dag["dag_id"] for dag in parsed["dags"]] == ["decorated", "in_context", "in_variable"]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x = 1\ndef broken(:\n", "SyntaxError: invalid syntax", 2),
        ("\nimport not_there_at_all\n", "ModuleNotFoundError: No module named 'not_there_at_all'", 2),
        ("import sys\nsys.exit(3)\n", "SystemExit: the file called sys.exit(3)", 2),
        ("def f():\n    return f()\nf()\n", "RecursionError: maximum recursion depth exceeded", 2),
        ("def f():\n    1/0\n\nf()\n", "ZeroDivisionError: division by zero", 2),
        ("import json\njson.loads('{')\n", "JSONDecodeError: ", 2),
        ("raise KeyboardInterrupt\n", None, None),
    ],
)
def test_a_bad_file_is_an_import_error_with_its_place(host, dag_file, text, message, line):
    path = dag_file("")
    path.write_text(text)
    if message is None:
        child = host.fork().run({"type": "parse", "path": str(path), "root": str(path.parent), "bundle": "b"})
        assert not child.of_type("parsed")
        return
    parsed = host.parse(path)
    assert parsed["dags"] == []
    assert parsed["import_error"]["message"].startswith(message)
    assert parsed["import_error"]["line"] == line
    if not message.startswith(("SyntaxError", "RecursionError")):
        assert parsed["import_error"]["traceback"].startswith(
            'Traceback (most recent call last):\n  File "' + str(path)
        )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "a = EmptyOperator(task_id='a'); b = EmptyOperator(task_id='b'); a >> b >> a",
            "DAG 'bad': DagCycleError: the dependencies form a circle: a -> b -> a",
        ),
        ("EmptyOperator(task_id='a'); EmptyOperator(task_id='a')", "task id 'a' is used twice in DAG 'bad'"),
        ("EmptyOperator(task_id='a', trigger_rule='sometimes')", "trigger_rule of task 'a' is 'sometimes'; it must be"),
        ("EmptyOperator(task_id='a', retrys=3)", "EmptyOperator (task_id: a) does not take these arguments: retrys=3"),
        ("EmptyOperator()", "EmptyOperator lacks the argument 'task_id'"),
        ("EmptyOperator('a')", "EmptyOperator takes keyword arguments only"),
        ("EmptyOperator(task_id='a b')", "task_id 'a b' may only have letters"),
        (
            "EmptyOperator(task_id='a', execution_timeout=3)",
            "execution_timeout of task 'a' is 3; it must be",
        ),
        ("EmptyOperator(task_id='a', pool_slots=0)", "pool_slots of task 'a' is 0; it must be at least 1"),
        ("dag.set_dependency('a', 'b')", "DAG 'bad' has no task 'a'"),
    ],
)
def test_a_bad_dag_is_an_import_error_and_the_others_are_returned(host, dag_file, body, message):
    parsed = host.parse(
        dag_file(
            f"""
            from airflow import DAG
            from airflow.operators.empty import EmptyOperator

            with DAG("good", schedule=None):
                EmptyOperator(task_id="t")
            with DAG("bad", schedule=None) as dag:
                {body}
            """
        )
    )
    assert message in parsed["import_error"]["message"]
    if "circle" in message:  # found when it is written, so the other DAG is there
        assert [dag["dag_id"] for dag in parsed["dags"]] == ["good"]
        assert parsed["errors"] == [{"dag_id": "bad", "message": message.partition(": ")[2]}]
        assert parsed["import_error"]["line"] == 7
    else:
        assert parsed["import_error"]["line"] == 8


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("'* * *'", "has 3 fields; it needs 5"),
        ("'61 * * * *'", "'61' is not a minute: it must be between 0 and 59"),
        ("'0 0 * * funday'", "'funday' is not a day of the week"),
        ("'@dayly'", "has 1 fields"),
        ("timedelta(0)", "must be positive"),
        ("42", "the schedule of DAG 'd' can't be 42"),
        ("[Asset('a'), 'b']", "is a list, so all of its items must be assets"),
    ],
)
def test_a_bad_schedule_is_an_import_error(host, dag_file, schedule, message):
    parsed = host.parse(
        dag_file(
            f"""
            from datetime import timedelta
            from airflow.sdk import DAG, Asset
            DAG_OBJECT = DAG("d", schedule={schedule})
            """
        )
    )
    assert message in parsed["import_error"]["message"]
    assert parsed["import_error"]["line"] == 4


def test_names_of_dag_files_hide_no_module_of_python(host, dag_file, tmp_path):
    """The DAG folder comes last on the path, as in Airflow."""
    (tmp_path / "wave.py").write_text("raise RuntimeError('a DAG file')")
    (tmp_path / "only_here.py").write_text("VALUE = 'helper'")
    path = dag_file("""
        import wave
        import only_here
        from airflow.sdk import DAG
        d = DAG(only_here.VALUE + wave.open.__module__, schedule=None)
    """)
    parsed = host.parse(path, tmp_path)
    assert parsed["import_error"] is None
    assert [dag["dag_id"] for dag in parsed["dags"]] == ["helperwave"]


def test_names_the_modules_below_the_root_and_warnings(host, dag_file, tmp_path):
    dag_file("import pkg.inner\n", "pkg/__init__.py")
    dag_file("VALUE = 1\n", "pkg/inner.py")
    parsed = host.parse(
        dag_file(
            """
            import pkg
            from airflow.operators.bash_operator import BashOperator
            """
        )
    )
    assert parsed["modules"] == [str(tmp_path / "pkg/__init__.py"), str(tmp_path / "pkg/inner.py")]
    (warning,) = parsed["warnings"]
    assert warning.startswith(f"{tmp_path}/dag_file.py:3: RemovedInAirflow3Warning: airflow.operators.bash_operator")


def test_a_file_that_is_saved_twice_within_a_second_is_read_anew(host, dag_file):
    for value in ("aaa", "bbb", "ccc"):
        path = dag_file(f"from airflow import DAG\nimport quick_helper\nd = DAG(quick_helper.NAME + '_{value}')\n")
        dag_file(f"NAME = '{value}'\n", "quick_helper.py")
        parsed = host.parse(path)
        assert [dag["dag_id"] for dag in parsed["dags"]] == [f"{value}_{value}"]


def test_variables_and_connections_can_be_asked_for_while_parsing(host, dag_file):
    path = dag_file(
        """
        from airflow import DAG
        from airflow.hooks.base import BaseHook
        from airflow.models import Variable

        name = Variable.get("name")
        conn = BaseHook.get_connection("db")
        other = Variable.get("other", default_var="fallback")
        dag = DAG(f"{name}_{conn.host}_{other}", schedule=None)
        """
    )

    def answer(call):
        if call["method"] == "variable_get" and call["key"] == "name":
            return {"ok": "from_server"}
        if call["method"] == "connection_get":
            return {"ok": {"conn_id": "db", "conn_type": "postgres", "host": "example", "port": 5432}}
        return {"error": {"code": "not_found", "message": "no"}}

    parsed = host.parse(path, answer=answer)
    assert [dag["dag_id"] for dag in parsed["dags"]] == ["from_server_example_fallback"]
    assert [call["method"] for call in parsed["calls"]] == ["variable_get", "connection_get", "variable_get"]


def test_a_missing_variable_is_a_key_error(host, dag_file):
    parsed = host.parse(dag_file("from airflow.models import Variable\nVariable.get('nope')\n"))
    assert parsed["import_error"]["message"] == "KeyError: 'Variable nope does not exist'"
    assert parsed["import_error"]["line"] == 2


def test_plugins_folder_is_on_the_path(dag_file, tmp_path):
    from driver import Host

    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "my_plugin_module.py").write_text("ID = 'from_plugin'\n")
    host = Host(AIRFLOW__CORE__PLUGINS_FOLDER=str(tmp_path / "plugins"))
    parsed = host.parse(dag_file("import my_plugin_module\nfrom airflow import DAG\nd = DAG(my_plugin_module.ID)\n"))
    assert [dag["dag_id"] for dag in parsed["dags"]] == ["from_plugin"]
    assert host.close() == 0
