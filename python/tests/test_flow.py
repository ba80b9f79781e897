"""The order of tasks: setup and teardown, branches, short circuits, sub-DAGs."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta, timezone

import pytest
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from driver import workload

from airflow._serialize.dag import serialize_dag
from airflow.exceptions import AirflowException
from airflow.sdk import DAG, Label, TaskGroup, setup, task, task_group, teardown


def op(task_id, **kwargs):
    return EmptyOperator(task_id=task_id, **kwargs)


def edges(dag):
    """Task ids to those of the tasks after them."""
    return {task.task_id: sorted(task.downstream_task_ids) for task in sorted(dag.tasks, key=lambda task: task.task_id)}


def ran(dag):
    """Tasks that left a value, after a run of the whole DAG."""
    return sorted({task_id for task_id, _, key in dag.test().xcoms if key == "return_value"})


# Edges of the scopes are those that Airflow 3.3 makes of the same lines.


def test_what_is_made_in_a_scope_goes_between_setup_and_teardown():
    with DAG("d", schedule=None) as d:
        with op("s").as_setup() >> op("t").as_teardown():
            op("w1") >> op("w2")
            with TaskGroup("g"):
                op("a") >> op("b")
    assert edges(d) == {
        "g.a": ["g.b"],
        "g.b": ["t"],
        "s": ["g.a", "t", "w1"],
        "t": [],
        "w1": ["w2"],
        "w2": ["t"],
    }
    assert str(d.get_task("t").trigger_rule) == "all_done_setup_success"


def test_a_scope_within_a_scope():
    with DAG("d", schedule=None) as d:

        @setup
        def outer_setup(): ...

        @teardown
        def outer_teardown(): ...

        @setup
        def inner_setup(): ...

        @teardown
        def inner_teardown(): ...

        with outer_setup() >> outer_teardown():
            op("w")
            with inner_setup() >> inner_teardown():
                op("v")
    assert edges(d) == {
        "inner_setup": ["inner_teardown", "v"],
        "inner_teardown": ["outer_teardown"],
        "outer_setup": ["inner_setup", "outer_teardown", "w"],
        "outer_teardown": [],
        "v": ["inner_teardown"],
        "w": ["outer_teardown"],
    }


def test_a_scope_of_setups_that_a_teardown_names_and_a_task_from_outside():
    with DAG("d", schedule=None) as d:
        outside = op("w")
        first, second = op("s1"), op("s2")
        cleanup = op("t").as_teardown(setups=[first, second], on_failure_fail_dagrun=True)
        with cleanup as scope:
            scope.add_task(outside)
    assert edges(d) == {"s1": ["t", "w"], "s2": ["t", "w"], "t": [], "w": ["t"]}
    assert first.is_setup
    (document,) = [task for task in serialize_dag(d)["tasks"] if task["task_id"] == "t"]
    assert (document["is_teardown"], document["on_failure_fail_dagrun"]) == (True, True)


def test_arrows_from_a_group_leave_its_teardown_behind():
    with DAG("d", schedule=None) as d:
        with TaskGroup("g") as group:
            start = op("s").as_setup()
            start >> op("w") >> op("t").as_teardown(setups=start)
        group >> op("after")
    assert edges(d) == {"after": [], "g.s": ["g.t", "g.w"], "g.t": [], "g.w": ["after", "g.t"]}


def test_a_task_is_not_both_and_groups_are_neither():
    with DAG("d", schedule=None):
        with pytest.raises(ValueError, match="is a teardown task and can't be a setup task"):
            op("x").as_teardown().as_setup()
        with pytest.raises(ValueError, match="a task group can't be a setup task"):
            TaskGroup("g").as_setup()
        with pytest.raises(AirflowException, match="neither setup nor teardown"):
            op("y").__enter__()
        with pytest.raises(ValueError, match="on_failure_fail_dagrun is for teardown tasks"):
            op("z").on_failure_fail_dagrun = True


@task
def value(x=1):
    return x


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("a", ["a", "choose", "join"]),
        (["a", "g"], ["a", "choose", "g.x", "g.y", "join"]),
        ("g", ["choose", "g.x", "g.y", "join"]),
        ("join", ["choose", "join"]),
        (None, ["join"]),
    ],
)
def test_branches_go_to_tasks_and_groups(chosen, expected):
    with DAG("d", schedule=None) as d:
        choose = BranchPythonOperator(task_id="choose", python_callable=lambda: chosen)
        with TaskGroup("g") as group:
            value.override(task_id="x")() >> value.override(task_id="y")()
        join = value.override(task_id="join", trigger_rule="none_failed")()
        choose >> [value.override(task_id="a")(), group] >> join
        choose >> join
    if chosen is None:
        # Nothing is chosen, so what is directly downstream is skipped, the join as well.
        expected = []
    assert ran(d) == expected


def test_a_branch_to_nowhere_fails():
    with DAG("d", schedule=None) as d:
        BranchPythonOperator(task_id="choose", python_callable=lambda: "nope") >> op("a")
    assert d.test().get_task_instance("choose").state == "failed"


def test_branch_decorator_within_a_mapped_group_goes_by_index():
    with DAG("d", schedule=None) as d:

        @task.branch
        def choose(x):
            return "g.even" if x % 2 == 0 else "g.odd"

        @task_group
        def g(x):
            choose(x) >> [value.override(task_id="even")(x), value.override(task_id="odd")(x)]

        g.expand(x=[1, 2, 3])
    run = d.test()
    assert sorted(key[:2] for key in run.xcoms if key[0] in ("g.even", "g.odd")) == [
        ("g.even", 1),
        ("g.odd", 0),
        ("g.odd", 2),
    ]


@pytest.mark.parametrize(("ignore", "expected"), [(True, ["stop"]), (False, ["last", "stop"])])
def test_a_short_circuit_skips_everything_or_what_is_next(ignore, expected):
    with DAG("d", schedule=None) as d:
        stop = ShortCircuitOperator(
            task_id="stop", python_callable=lambda: False, ignore_downstream_trigger_rules=ignore
        )
        stop >> value.override(task_id="next")() >> value.override(task_id="last", trigger_rule="all_done")()
    assert ran(d) == expected


def latest_only(host, path, run_type, end, following):
    """What it skips in a run whose interval ends then, if the engine says that the next one ends at ``following``."""
    asked = []

    def engine(call):
        asked.append(call)
        if following is None:
            return {"ok": None}
        span = {"start": end.isoformat(), "end": following.isoformat()}
        return {"ok": {"logical_date": span["start"], "data_interval": span, "run_after": span["end"]}}

    dates = {"logical_date": end - timedelta(days=1), "data_interval_start": end - timedelta(days=1)}
    dates |= {"data_interval_end": end, "run_after": end}
    run = {name: date.isoformat().replace("+00:00", "Z") for name, date in dates.items()}
    child = host.fork().run(workload(path, "d", "t", run={"run_type": run_type, **run}), engine)
    assert child.done["state"] == "success", child.frames
    return child.done.get("skip", []), [call for call in asked if call["method"].startswith("timetable")]


@pytest.mark.parametrize(
    ("run_type", "days_ago", "skipped"),
    [("scheduled", 0.5, []), ("scheduled", 3, ["after"]), ("manual", 3, []), ("backfill", 3, ["after"])],
)
def test_latest_only_skips_what_is_next_in_old_runs(host, dag_file, run_type, days_ago, skipped):
    path = dag_file("""
        from datetime import datetime
        from airflow import DAG
        from airflow.operators.empty import EmptyOperator
        from airflow.operators.latest_only import LatestOnlyOperator
        with DAG("d", schedule="0 0 L * *", start_date=datetime(2024, 1, 1), catchup=True) as dag:
            LatestOnlyOperator(task_id="t") >> EmptyOperator(task_id="after")
    """)
    end = datetime.now(tz=timezone.utc).replace(microsecond=0) - timedelta(days=days_ago)
    found, asked = latest_only(host, path, run_type, end, end + timedelta(days=1))
    assert found == skipped
    if run_type == "manual":
        assert asked == []
        return
    [call] = asked
    # The engine knows the schedule, whatever its expression says; nothing here computes dates.
    assert call["spec"]["cron"] == "0 0 L * *"
    assert (call["method"], call["earliest"], call["after"]["end"]) == (
        "timetable_next",
        end.isoformat(),
        end.isoformat(),
    )


@pytest.mark.parametrize(
    ("schedule", "asks"), [("'@once'", 1), ("None", 1), ("Every()", 0), ("Asset('a')", 0), ("EITHER", 1)]
)
def test_latest_only_goes_on_where_nothing_follows(host, dag_file, schedule, asks):
    path = dag_file(f"""
        from datetime import datetime
        from airflow.sdk import DAG, Asset, AssetOrTimeSchedule
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
        from airflow.timetables.base import Timetable
        from airflow.timetables.interval import CronDataIntervalTimetable

        EITHER = AssetOrTimeSchedule(
            timetable=CronDataIntervalTimetable("0 0 * * 1#1", timezone="UTC"), assets=[Asset("a")]
        )

        class Every(Timetable):
            def next_dagrun_info(self, *, last_automated_data_interval, restriction):
                assert restriction.earliest == last_automated_data_interval.end
                return None

        with DAG("d", schedule={schedule}, start_date=datetime(2024, 1, 1)) as dag:
            LatestOnlyOperator(task_id="t") >> EmptyOperator(task_id="after")
    """)
    end = datetime.now(tz=timezone.utc).replace(microsecond=0) - timedelta(days=9)
    found, asked = latest_only(host, path, "scheduled", end, None)
    assert (found, len(asked)) == ([], asks)


def test_fail_fast_wants_ordinary_rules():
    with DAG("d", schedule=None, fail_fast=True) as d:
        op("s").as_setup() >> op("t").as_teardown()
        with pytest.raises(AirflowException, match="must have trigger_rule all_success"):
            op("x", trigger_rule="all_done")
    assert serialize_dag(d)["fail_fast"] is True


def test_the_limit_of_failed_runs_comes_from_the_dag_or_configuration(monkeypatch):
    assert "max_consecutive_failed_dag_runs" not in serialize_dag(DAG("d", schedule=None))
    monkeypatch.setenv("AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG", "4")
    assert serialize_dag(DAG("d", schedule=None))["max_consecutive_failed_dag_runs"] == 4
    own = DAG("d", schedule=None, max_consecutive_failed_dag_runs=2)
    assert serialize_dag(own)["max_consecutive_failed_dag_runs"] == 2


def sub_dag(parent, child):
    """A DAG as old files make them for a ``SubDagOperator``."""
    inner = DAG(
        f"{parent}.{child}",
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
        schedule_interval=None,
        params={"p": 5},
    )
    push = PythonOperator(task_id="push", python_callable=lambda: 7, dag=inner)
    pull = PythonOperator(
        task_id="pull", python_callable=lambda ti, params: (ti.xcom_pull(task_ids="push"), params["p"]), dag=inner
    )
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "yes", dag=inner)
    with TaskGroup("more", dag=inner):
        EmptyOperator(task_id="in_group", dag=inner)
    push >> pull >> choose >> [value.override(dag=inner, task_id="yes")(), value.override(dag=inner, task_id="no")()]
    return inner


@pytest.mark.parametrize("path", ["airflow.operators.subdag", "airflow.operators.subdag_operator"])
def test_a_sub_dag_becomes_a_group(path):
    from importlib import import_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        SubDagOperator = import_module(path).SubDagOperator
        with DAG("d", schedule=None) as d:
            inner = SubDagOperator(task_id="inner", subdag=sub_dag("d", "inner"))
            last = PythonOperator(
                task_id="last",
                python_callable=lambda ti: ti.xcom_pull(dag_id="d.inner", task_ids="push"),
                trigger_rule="none_failed",
            )
            op("first") >> inner >> last
    assert inner.task_id == "inner"
    assert edges(d) == {
        "first": ["inner.more.in_group", "inner.push"],
        "inner.choose": ["inner.no", "inner.yes"],
        "inner.more.in_group": ["last"],
        "inner.no": ["last"],
        "inner.pull": ["inner.choose"],
        "inner.push": ["inner.pull"],
        "inner.yes": ["last"],
        "last": [],
    }
    document = serialize_dag(d)
    assert document["task_groups"] == {"inner": {}, "inner.more": {"parent": "inner"}}
    run = d.test()
    assert run.xcoms["last", -1, "return_value"] == 7
    assert run.xcoms["inner.pull", -1, "return_value"]["__data__"] == [7, 5]
    assert ("inner.no", -1, "return_value") not in run.xcoms


def test_a_sub_dag_is_no_dag_of_its_own_and_its_id_is_checked(host, dag_file):
    path = dag_file("""
        from datetime import datetime
        from airflow import DAG
        from airflow.operators.dummy_operator import DummyOperator
        from airflow.operators.subdag_operator import SubDagOperator
        dag = DAG("outer", start_date=datetime(2024, 1, 1), schedule_interval="@daily")
        with DAG("outer.inner", start_date=datetime(2024, 1, 1)) as inner:
            DummyOperator(task_id="t")
        SubDagOperator(task_id="inner", subdag=inner, dag=dag)
    """)
    job = {"type": "parse", "path": str(path), "root": str(path.parent), "bundle": "b", "config": {}}
    (parsed,) = host.fork().run(job).of_type("parsed")
    assert [found["dag_id"] for found in parsed["dags"]] == ["outer"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.operators.subdag import SubDagOperator

        with DAG("d", schedule=None):
            with pytest.raises(AirflowException, match=r"must have the dag_id 'd\.x', not 'other'"):
                SubDagOperator(task_id="x", subdag=DAG("other", schedule=None))
            inner = DAG("d.y", schedule=None)
            SubDagOperator(task_id="y", subdag=inner)
            with pytest.raises(AirflowException, match="comes too late"):
                EmptyOperator(task_id="late", dag=inner)


def test_a_subset_has_the_chosen_tasks_their_neighbours_and_groups():
    with DAG("d", schedule=None) as whole:
        first = op("first")
        with TaskGroup("g"):
            middle = op("middle")
            beside = op("beside")
        last = op("last")
        first >> Label("why") >> [middle, beside] >> last
    part = whole.partial_subset("middle")
    assert sorted(part.task_ids) == ["first", "g.middle"]
    assert part.get_task("g.middle").upstream_task_ids == {"first"}
    assert part.get_task("g.middle").downstream_task_ids == set()
    assert part.get_task("g.middle").dag is part
    assert list(part.task_group_dict["g"].children) == ["g.middle"]
    assert part.get_edge_info("first", "g.middle") == {"label": "why"}
    after = whole.partial_subset(["g.middle"], include_upstream=False, include_downstream=True)
    assert sorted(after.task_ids) == ["g.middle", "last"]
    direct = whole.partial_subset(["last"], include_upstream=False, include_direct_upstream=True)
    assert sorted(direct.task_ids) == ["g.beside", "g.middle", "last"]
    assert sorted(whole.task_ids) == ["first", "g.beside", "g.middle", "last"], "the whole is as it was"
    assert serialize_dag(part)["dag_id"] == "d"
