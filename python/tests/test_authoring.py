"""Writing DAGs, in the ways of every era."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from airflow.decorators import dag, setup, task, task_group, teardown
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

from airflow import DAG
from airflow.exceptions import AirflowException, DuplicateTaskIdFound
from airflow.models.baseoperator import BaseOperator, chain, chain_linear, cross_downstream
from airflow.sdk import Label, TaskGroup, XComArg
from airflow.utils.trigger_rule import TriggerRule


def edges(of: DAG) -> list[str]:
    """``a>b`` for every edge."""
    return sorted(f"{task.task_id}>{down}" for task in of.tasks for down in task.downstream_task_ids)


def tasks(*ids: str) -> list[EmptyOperator]:
    return [EmptyOperator(task_id=task_id) for task_id in ids]


def test_arrows():
    with DAG("d", schedule=None) as d:
        a, b, c, e = tasks("a", "b", "c", "e")
        a >> [b, c] >> e
        e << [a]
        [b, c] >> Label("x") >> EmptyOperator(task_id="f")
        e.set_downstream("f" and d.get_task("f"))
    assert edges(d) == ["a>b", "a>c", "a>e", "b>e", "b>f", "c>e", "c>f", "e>f"]
    assert d.get_edge_info("b", "f") == {"label": "x"}
    assert [task.task_id for task in d.topological_sort()] == ["a", "b", "c", "e", "f"]
    assert d.get_task("f").get_flat_relative_ids(upstream=True) == {"a", "b", "c", "e"}


def test_chain_and_kin():
    with DAG("d", schedule=None) as d:
        a, b, c, e, f = tasks(*"abcef")
        chain(a, [b, c], [e, f])
    assert edges(d) == ["a>b", "a>c", "b>e", "c>f"]
    with pytest.raises(AirflowException, match="they have 2 and 1 items"):
        chain([a, b], [c])
    with DAG("d2", schedule=None) as d2:
        a, b, c, e = tasks(*"abce")
        chain_linear(a, [b, c], e)
    assert edges(d2) == ["a>b", "a>c", "b>e", "c>e"]
    with DAG("d3", schedule=None) as d3:
        a, b, c, e = tasks(*"abce")
        cross_downstream([a, b], [c, e])
    assert edges(d3) == ["a>c", "a>e", "b>c", "b>e"]


def test_dag_argument_and_adoption_of_airflow_1():
    d = DAG("d", schedule_interval=None)
    a = EmptyOperator(task_id="a", dag=d)
    loose = EmptyOperator(task_id="loose")
    a.set_downstream(loose)
    assert loose.dag is d
    assert edges(d) == ["a>loose"]
    other = DAG("other", schedule=None)
    with pytest.raises(AirflowException, match="are of different DAGs, 'd' and 'other'"):
        a >> EmptyOperator(task_id="x", dag=other)


def test_positional_arguments_of_airflow_1():
    d = DAG("d", "says what it is", timedelta(days=1), datetime(2019, 1, 1))
    assert (d.description, d.schedule_interval, d.start_date.year) == ("says what it is", timedelta(days=1), 2019)


def test_default_args_reach_every_class_and_nearer_ones_win():
    class Custom(BaseOperator):
        template_fields = ("thing",)

        def __init__(self, thing, other=None, **kwargs):
            super().__init__(retries=7, **kwargs)
            self.thing, self.other = thing, other

    args = {"owner": "me", "thing": "from dag", "retries": 1, "params": {"a": 1}, "unknown_to_all": 1}
    with DAG("d", schedule=None, default_args=args) as d:
        first = Custom(task_id="first")
        with TaskGroup("g", default_args={"owner": "group", "pool": "p"}):
            second = Custom(task_id="second", thing="own", params={"b": 2})
            with TaskGroup("inner", default_args={"pool": "q"}):
                third = EmptyOperator(task_id="third", default_args={"owner": "own"})
    assert (first.owner, first.thing, first.retries) == ("me", "from dag", 7)
    assert (second.owner, second.thing, second.pool) == ("group", "own", "p")
    assert (third.owner, third.pool, third.retries) == ("own", "q", 1)
    assert dict(second.params) == {"a": 1, "b": 2}
    assert dict(d.params) == {"a": 1}


def test_arguments_that_do_not_exist():
    with DAG("d", schedule=None):
        with pytest.raises(TypeError, match=r"BashOperator \(task_id: t\) does not take these arguments: bash=1"):
            BashOperator(task_id="t", bash_command="x", bash=1)
        with pytest.raises(AirflowException, match=r"BashOperator \(task_id: t\) lacks the argument 'bash_command'"):
            BashOperator(task_id="t")
        with pytest.warns(DeprecationWarning, match="of task 'old' is of an older Airflow"):
            old = BashOperator(task_id="old", bash_command="x", task_concurrency=3, xcom_push=False)
    assert (old.max_active_tis_per_dag, old.do_xcom_push) == (3, False)


def test_task_groups():
    with DAG("d", schedule=None) as d:
        start, end = tasks("start", "end")
        with TaskGroup("g", tooltip="tip") as g:
            a, b = tasks("a", "b")
            a >> b
            with TaskGroup("h", prefix_group_id=False):
                EmptyOperator(task_id="c")
        start >> g >> end
    assert list(d.task_dict) == ["start", "end", "g.a", "g.b", "c"]
    assert edges(d) == ["c>end", "g.a>g.b", "g.b>end", "start>c", "start>g.a"]
    assert a.label == "a"
    assert sorted(d.task_group_dict) == ["g", "g.h"]
    with DAG("e", schedule=None), pytest.raises(DuplicateTaskIdFound, match="group id 'x' is used twice in DAG 'e'"):
        TaskGroup("x")
        TaskGroup("x")


def test_task_group_decorator():
    @task_group
    def group(x):
        """Says what it is."""

        @task
        def inner(value):
            return value

        return inner(x)

    @dag(schedule=None)
    def d():
        first = group(1)
        group(first)

    made = d()
    assert list(made.task_dict) == ["group.inner", "group__1.inner"]
    assert edges(made) == ["group.inner>group__1.inner"]
    assert made.task_group_dict["group"].tooltip == "Says what it is."


def test_task_decorator():
    with DAG("d", schedule=None) as d:

        @task
        def one():
            """Docs."""
            return 1

        @task(retries=2, multiple_outputs=True)
        def two(x, y=0, *, ds=None):
            return {"a": x}

        first = one()
        second = two.override(task_id="renamed")(first, y=[first])
        two(second["a"], {"k": second["b"]})
        PythonOperator(task_id="classic", python_callable=print, op_args=[first, second["c"]])
        BashOperator(task_id="shell", bash_command=f"echo {first}")
    assert edges(d) == ["one>classic", "one>renamed", "renamed>classic", "renamed>two"]
    assert isinstance(first, XComArg)
    assert first.operator.doc_md == "Docs."
    assert d.get_task("renamed").retries == 2
    assert d.get_task("shell").bash_command == "echo {{ task_instance.xcom_pull(task_ids='one', dag_id='d') }}"
    with pytest.raises(TypeError, match="unpacked"):
        _a, _b = first
    with DAG("e", schedule=None), pytest.raises(TypeError, match="missing a required argument: 'x'"):
        two()
    with pytest.raises(AttributeError, match="no installed provider package offers it"):
        _ = task.nonsense


def test_calling_a_task_again_gives_it_another_id():
    with DAG("d", schedule=None) as d:

        @task
        def t(): ...

        t() >> t() >> t()
    assert list(d.task_dict) == ["t", "t__1", "t__2"]


def test_dict_annotations_mean_multiple_outputs():
    @task
    def a() -> dict[str, int]: ...

    @task
    def b() -> int: ...

    assert (a.multiple_outputs, b.multiple_outputs) == (True, False)


def test_setup_and_teardown():
    with DAG("d", schedule=None) as d:

        @setup
        def make(): ...

        @teardown(on_failure_fail_dagrun=True)
        def drop(): ...

        @task
        def work(): ...

        made = make()
        dropped = drop()
        made >> dropped
        with dropped:
            work()
        lone = EmptyOperator(task_id="classic_drop").as_teardown(setups=EmptyOperator(task_id="classic_make"))
    assert edges(d) == ["classic_make>classic_drop", "make>drop", "make>work", "work>drop"]
    assert d.get_task("make").is_setup
    assert d.get_task("drop").is_teardown
    assert d.get_task("drop").on_failure_fail_dagrun
    assert lone.trigger_rule == TriggerRule.ALL_DONE_SETUP_SUCCESS
    assert d.get_task("classic_make").is_setup


def test_mapping():
    with DAG("d", schedule=None) as d:

        @task
        def source():
            return [1]

        @task
        def add(x, y): ...

        add.partial(y=1).expand(x=source())
        BashOperator.partial(task_id="shell", retries=3).expand(bash_command=["a", "b"])
    mapped = d.get_task("add")
    assert mapped.is_mapped
    assert mapped.upstream_task_ids == {"source"}
    assert d.get_task("shell").retries == 3
    assert d.get_task("shell").task_type == "BashOperator"
    assert d.get_task("shell").get_parse_time_mapped_ti_count() == 2
    with DAG("e", schedule=None):
        for bad, message in [
            (lambda: add.expand(), "at least one argument"),
            (lambda: add.expand(nope=[1]), "has no argument 'nope'"),
            (lambda: add.partial(x=1).expand(x=[1]), "both to partial and to expand"),
            (lambda: BashOperator.partial(task_id="x", nope=1), "does not take the argument 'nope'"),
        ]:
            with pytest.raises(TypeError, match=message):
                bad()
        with pytest.raises(ValueError, match="can be mapped over a list, dict or task's value, not str"):
            add.partial(y=1).expand(x="abc")


def test_params():
    from airflow.models.param import Param
    from airflow.sdk.exceptions import ParamValidationError

    d = DAG("d", schedule=None, params={"n": Param(3, type="integer", minimum=1), "text": "x"})
    assert dict(d.params) == {"n": 3, "text": "x"}
    with pytest.raises(ParamValidationError, match="Invalid input for param n: 0 is less than the minimum of 1"):
        d.params["n"] = 0
    with pytest.raises(ParamValidationError, match="Invalid input for param n: 'a' is not of type 'integer'"):
        d.params["n"] = "a"
    with pytest.raises(ParamValidationError, match="must be JSON"):
        Param(object())


def test_dag_decorator_parameters_become_params():
    @dag(schedule=None)
    def d(who="you", count=2):
        """Docs."""
        PythonOperator(task_id="t", python_callable=print, op_args=[who, count])

    made = d("me")
    assert dict(made.params) == {"who": "me", "count": 2}
    assert made.doc_md == "Docs."


def test_dates_and_zones():
    import pendulum

    naive = DAG("d", schedule=None, start_date=datetime(2024, 1, 1))
    assert naive.start_date == datetime(2024, 1, 1, tzinfo=timezone.utc)
    assert naive.timezone.name == "UTC"
    berlin = DAG("d", schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"))
    assert berlin.timezone_name == "Europe/Berlin"
    assert berlin.timetable.timezone_name == "Europe/Berlin"
    from_args = DAG("d", schedule=None, default_args={"start_date": "2024-05-06"})
    assert from_args.start_date == datetime(2024, 5, 6, tzinfo=timezone.utc)


def test_dates_of_tasks_are_within_those_of_their_dag():
    def day(n: int) -> datetime:
        return datetime(2024, 1, n, tzinfo=timezone.utc)

    with DAG("d", schedule=None, start_date=day(10), end_date=day(20)) as d:
        EmptyOperator(task_id="plain")
        EmptyOperator(task_id="wide", start_date=day(5), end_date=day(25))
        EmptyOperator(task_id="narrow", start_date=datetime(2024, 1, 12), end_date=day(18))
        task(lambda n: n, task_id="mapped").expand(n=[1])
    dates = {name: (one.start_date, one.end_date) for name, one in d.task_dict.items()}
    assert dates["plain"] == dates["wide"] == dates["mapped"] == (day(10), day(20))
    assert dates["narrow"] == (day(12), day(18))
    with DAG("undated", schedule=None) as undated:
        EmptyOperator(task_id="plain")
    assert (undated.get_task("plain").start_date, undated.get_task("plain").end_date) == (None, None)


def test_what_the_author_left_open_is_what_the_options_say(monkeypatch):
    """Operators of providers read these of themselves: ``self.defer(timeout=self.execution_timeout, …)``."""
    with DAG("d", schedule=None):
        (plain,) = tasks("plain")
        own = EmptyOperator(
            task_id="own", retries=1, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=1)
        )
    assert (plain.retries, plain.retry_delay, plain.execution_timeout) == (0, timedelta(minutes=5), None)
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TASK_RETRIES", "3")
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT", "60")
    assert (plain.retries, plain.execution_timeout) == (3, timedelta(minutes=1))
    assert (own.retries, own.retry_delay, own.execution_timeout) == (1, timedelta(seconds=5), timedelta(minutes=1))
    plain.retries = 7
    assert plain.retries == 7


def test_bad_dag_arguments():
    for kwargs, message in [
        ({"schedule": "@daily", "schedule_interval": None}, "more than one of schedule"),
        ({"tags": "bench"}, "tags of DAG 'd' must be a list"),
        ({"max_active_runs": "3"}, "max_active_runs of DAG 'd' must be a whole number"),
        ({"dagrun_timeout": 60}, "dagrun_timeout of DAG 'd' must be a timedelta"),
        ({"start_date": 3}, "start_date of DAG 'd' must be a datetime"),
        ({"schedul": None}, "unexpected keyword argument 'schedul'"),
    ]:
        with pytest.raises((TypeError, ValueError), match=message):
            DAG("d", **kwargs)
    with pytest.raises(AirflowException, match="dag_id 'a b' may only have"):
        DAG("a b")


def test_custom_operators_of_airflow_1():
    from airflow.utils.decorators import apply_defaults

    class Old(BaseOperator):
        template_fields = ("sql",)

        @apply_defaults
        def __init__(self, sql, conn_id="x", *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.sql = sql
            self.conn_id = conn_id

        def execute(self, context):
            self.xcom_push(context, "k", 1)

    d = DAG("d", schedule_interval="@once", default_args={"conn_id": "from defaults"})
    assert Old(task_id="t", sql="select 1", dag=d).conn_id == "from defaults"


def test_dag_test_runs_everything_in_memory():
    @dag(schedule=None)
    def d():
        @task
        def numbers():
            return [1, 2, 3]

        @task
        def double(x, ti=None):
            ti.xcom_push("seen", x)
            return 2 * x

        @task.branch
        def choose():
            return "total"

        @task
        def total(values):
            return sum(values)

        @task
        def other(): ...

        choose() >> [total(double.expand(x=numbers())), other()]

    run = d().test()
    assert run.state == "success"
    assert run.xcoms["total", -1, "return_value"] == 12
    assert run.xcoms["double", 2, "seen"] == 3
    assert ("other", -1, "return_value") not in run.xcoms

    @dag(schedule=None)
    def fails():
        @task
        def t():
            raise ValueError

        t()

    run = fails().test()
    assert run.state == "failed"
    assert run.get_task_instance("t").state == "failed"
    assert [ti.task_id for ti in run.get_task_instances(state="failed")] == ["t"]
