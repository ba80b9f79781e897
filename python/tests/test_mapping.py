"""Mapped tasks and groups: what can be written, what each instance gets, what is refused."""

from __future__ import annotations

import pytest
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

from airflow._runtime.xcom_codec import decode
from airflow._serialize.dag import serialize_dag
from airflow.exceptions import AirflowException, AirflowSkipException
from airflow.sdk import DAG, task, task_group


@task
def numbers():
    return [1, 2, 3]


@task
def letters():
    return ["a", "b"]


@task
def show(x=None, y=None, z=None):
    return [value for value in (x, y, z) if value is not None]


def results(dag, task_id):
    """What the instances returned, by map index."""
    run = dag.test()
    found = {
        index: value for (task, index, key), value in run.xcoms.items() if (task, key) == (task_id, "return_value")
    }
    return [decode(found[index]) for index in sorted(found)]


def over(dag, task_id):
    """What the scheduler is told that a task maps over."""
    (found,) = [t["mapped"]["over"] for t in serialize_dag(dag)["tasks"] if t["task_id"] == task_id]
    return found


def test_cross_products_change_the_last_argument_fastest():
    with DAG("d", schedule=None) as d:
        show.partial(z=0).expand(x=numbers(), y=["a", "b"])
    assert results(d, "show") == [[1, "a", 0], [1, "b", 0], [2, "a", 0], [2, "b", 0], [3, "a", 0], [3, "b", 0]]
    assert over(d, "show") == {
        "x": {"xcom": {"task_id": "numbers", "key": "return_value"}},
        "y": {"literal": ["a", "b"]},
    }


def test_dicts_are_mapped_over_pair_by_pair():
    with DAG("d", schedule=None) as d:
        show.expand(x={"a": 1, "b": 2})
    assert results(d, "show") == [[("a", 1)], [("b", 2)]]


def test_expand_kwargs_takes_dicts_and_values_of_tasks_mixed():
    @task
    def arguments():
        return {"x": 7}

    with DAG("d", schedule=None) as d:
        show.expand_kwargs([{"x": 1}, {"x": numbers()}, arguments()])
    assert results(d, "show") == [[1], [[1, 2, 3]], [7]]
    assert d.get_task("show").upstream_task_ids == {"numbers", "arguments"}
    assert len(over(d, "show")["kwargs"]["literal"]) == 3
    # What the dicts hold is of no concern to how many there are.
    assert list(d.get_task("show").iter_mapped_dependencies()) == []


def test_expand_kwargs_over_a_list_that_a_task_returns():
    @task
    def arguments():
        return [{"x": 1}, {"x": 2, "y": 3}]

    with DAG("d", schedule=None) as d:
        show.expand_kwargs(arguments())
    assert results(d, "show") == [[1], [2, 3]]


def test_map_changes_items_and_skips_single_ones():
    def odd(x):
        if x % 2 == 0:
            raise AirflowSkipException(f"{x} is even")
        return x

    with DAG("d", schedule=None) as d:
        show.expand(x=numbers().map(odd).map(lambda x: x * 10))
    run = d.test()
    assert [run.xcoms["show", index, "return_value"] for index in (0, 2)] == [[10], [30]]
    assert ("show", 1, "return_value") not in run.xcoms
    assert over(d, "show") == {"x": {"xcom": {"task_id": "numbers", "key": "return_value"}}}


def test_zip_and_concat():
    with DAG("d", schedule=None) as d:
        first, second = numbers(), letters()
        show.override(task_id="short").expand(x=first.zip(second))
        show.override(task_id="long").expand(x=first.zip(second, fillvalue="-"))
        show.override(task_id="both").expand(x=first.concat(second).map(str))
    one, two = ({"xcom": {"task_id": name, "key": "return_value"}} for name in ("numbers", "letters"))
    assert over(d, "short") == {"x": {"zip": [one, two], "longest": False}}
    assert over(d, "long") == {"x": {"zip": [one, two], "longest": True}}
    assert over(d, "both") == {"x": {"concat": [one, two]}}
    assert results(d, "short") == [[(1, "a")], [(2, "b")]]
    assert results(d, "long") == [[(1, "a")], [(2, "b")], [(3, "-")]]
    assert results(d, "both") == [["1"], ["2"], ["3"], ["a"], ["b"]]


def test_mapping_over_a_mapped_task_and_reducing_it():
    @task
    def double(x):
        return 2 * x if x != 40 else None

    @task
    def total(values):
        assert len(values) == 3
        assert (values[0], values[-1]) == (4, 12)
        assert values[1:] == [8, 12]
        assert values == [4, 8, 12]
        with pytest.raises(IndexError):
            values[3]
        return sum(values)

    with DAG("d", schedule=None) as d:
        doubled = double.expand(x=numbers())
        total(double.override(task_id="again").expand(x=doubled))
        # The instance that returned nothing is not counted.
        show.expand(x=double.override(task_id="gappy").expand(x=[1, 40, 5]))
    run = d.test()
    assert run.xcoms["total", -1, "return_value"] == 4 + 8 + 12
    assert results(d, "show") == [[2], [10]]


def test_classic_operators_are_mapped():
    with DAG("d", schedule=None) as d:
        BashOperator.partial(task_id="shell", env={"A": "1"}).expand(
            bash_command=["echo $A", "echo {{ ti.map_index }}"]
        )
        PythonOperator.partial(task_id="python", python_callable=lambda x, ti: f"{x} of {ti.map_index}").expand(
            op_args=[["p"], ["{{ ti.map_index }}"]]
        )
    assert over(d, "shell") == {"bash_command": {"literal": ["echo $A", "echo {{ ti.map_index }}"]}}
    assert results(d, "python") == ["p of 0", "1 of 1"]


def test_a_group_is_mapped_and_its_tasks_belong_together_by_index():
    with DAG("d", schedule=None) as d:

        @task
        def double(x):
            return 2 * x

        @task
        def join(a, b):
            return f"{a}{b}"

        @task
        def total(values):
            return list(values)

        @task_group
        def work(x, unit):
            return join(double(x), unit)

        total(work.partial(unit="m").expand(x=numbers()))
    run = d.test()
    assert run.xcoms["total", -1, "return_value"] == ["2m", "4m", "6m"]
    document = serialize_dag(d)
    assert document["task_groups"]["work"]["mapped"]["over"] == {
        "x": {"xcom": {"task_id": "numbers", "key": "return_value"}}
    }
    assert d.get_task("work.double").upstream_task_ids == {"numbers"}
    assert [group.group_id for group in d.get_task("work.join").iter_mapped_task_groups()] == ["work"]


def test_a_group_over_dicts_of_arguments_and_a_group_within():
    with DAG("d", schedule=None) as d:

        @task_group
        def inner(y, x):
            return show.override(task_id="leaf")(x=x, y=y)

        @task_group
        def outer(x):
            show.override(task_id="first")(x=x)
            inner.partial(x=x).expand(y=["a", "b"])

        outer.expand_kwargs([{"x": 1}, {"x": 2}])
    assert d.task_group_dict["outer.inner"].get_parse_time_mapped_ti_count() == 4
    assert results(d, "outer.first") == [[1], [2]]
    assert results(d, "outer.inner.leaf") == [[1, "a"], [1, "b"], [2, "a"], [2, "b"]]


def test_a_group_over_nothing_is_skipped_and_a_failed_index_does_not_stop_others():
    with DAG("d", schedule=None) as d:

        @task
        def check(x):
            if x == 2:
                raise AirflowSkipException
            return x

        @task
        def after(x):
            return x

        @task_group
        def work(x):
            after(check(x))

        work.expand(x=numbers())
        work.override(group_id="none").expand(x=[])
    run = d.test()
    assert [run.xcoms["work.after", index, "return_value"] for index in (0, 2)] == [1, 3]
    assert ("work.after", 1, "return_value") not in run.xcoms
    assert not [key for key in run.xcoms if key[0].startswith("none.")]


def test_what_can_not_be_mapped_is_refused_with_a_reason():
    with DAG("d", schedule=None):

        @task_group
        def group(x):
            show.expand(y=[1, 2])

        with pytest.raises(NotImplementedError, match="the task group 'group' around it is mapped itself"):
            group.expand(x=[1])

        @task_group
        def again(x):
            show.expand(y=x)

        with pytest.raises(NotImplementedError, match="can't be mapped over again"):
            again.expand(x=[1])
        for wrong, message in [
            (lambda: again.expand(), "at least one argument"),
            (lambda: again.expand(nope=[1]), "has no argument 'nope'"),
            (lambda: again.partial(x=1).expand(x=[1]), "both to partial and to expand"),
            (lambda: again.expand_kwargs([{"nope": 1}]), "has no argument 'nope'"),
        ]:
            with pytest.raises(TypeError, match=message):
                wrong()
        with pytest.raises(ValueError, match="only a task's return value can be mapped"):
            show.expand(x=numbers()["part"])


def test_lanes_of_what_is_mapped_over_can_check_their_result():
    with DAG("d", schedule=None) as d:
        shell = BashOperator(task_id="shell", bash_command="echo 1")
        empty = EmptyOperator(task_id="empty")
        show.expand(x=shell.output)
        show.override(task_id="plain")(empty.output)
    lanes = {t["task_id"]: t.get("lane") for t in serialize_dag(d)["tasks"]}
    assert lanes["shell"] is None
    assert lanes["empty"] == {"kind": "empty"}


def test_a_failed_source_fails_what_is_mapped_over_it():
    @task
    def broken():
        raise AirflowException("no list")

    with DAG("d", schedule=None) as d:
        show.override(trigger_rule="all_done").expand(x=broken())
    assert d.test().state == "failed"
