"""Assets in DAG files of every era, and what tasks see and say of them."""

from __future__ import annotations

import os
import textwrap

import pytest
from driver import workload

from airflow.sdk import Asset, AssetAlias, AssetAll, AssetAny, Metadata


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        ("s3://bucket/key", "s3://bucket/key"),
        ("S3://bucket/key/", "s3://bucket/key"),
        ("s3://bucket", "s3://bucket/"),
        ("http://host/p?b=2&a=1#part", "http://host/p?a=1&b=2"),
        ("warehouse://user:secret@host/db/schema/table", "warehouse://host/db/schema/table"),
        ("just a name", "just a name"),
        ("x-own://A/B/", "x-own://A/B/"),
    ],
)
def test_uris_are_brought_into_one_form(given, uri):
    assert Asset(uri=given).uri == uri


@pytest.mark.parametrize("bad", ["", "   ", "airflow://x", "self", "context", "x" * 1501])
def test_names_that_cannot_be(bad):
    with pytest.raises(ValueError):
        Asset(bad)
    with pytest.raises(TypeError):
        Asset()


def test_an_asset_is_known_by_name_and_uri():
    only_name, only_uri = Asset("a"), Asset(uri="s3://b/c")
    assert (only_name.name, only_name.uri) == ("a", "a")
    assert (only_uri.name, only_uri.uri) == ("s3://b/c", "s3://b/c")
    assert Asset("a", "s3://b/c", group="g", extra={"k": 1}).as_spec() == {
        "asset": {"name": "a", "uri": "s3://b/c", "group": "g", "extra": {"k": 1}}
    }
    assert {Asset("a"), Asset("a")} == {Asset("a")}
    assert os.fspath(Asset("a", "file:///tmp/x")) == "file:///tmp/x"


def test_conditions_read_as_they_are_written():
    a, b, c = Asset("a"), Asset("b"), AssetAlias("c")
    assert ((a & b) | c).as_expression() == {
        "any": [{"all": [a.as_expression(), b.as_expression()]}, {"alias": {"name": "c", "group": "asset"}}]
    }
    assert (a | b | c).as_expression() == AssetAny(a, b, c).as_expression()
    assert (a & b & c).as_expression() == AssetAll(a, b, c).as_expression()
    with pytest.raises(TypeError):
        a & "b"


def test_every_spelling_of_the_eras():
    from airflow.datasets import Dataset, DatasetAlias, DatasetAll, DatasetAny
    from airflow.datasets.metadata import Metadata as old_metadata
    from airflow.partition_mappers.temporal import StartOfDayMapper

    from airflow import Dataset as top
    from airflow.sdk import StartOfDayMapper as sdk_mapper
    from airflow.sdk.definitions.asset.decorators import asset
    from airflow.sdk.definitions.asset.metadata import Metadata as new_metadata
    from airflow.timetables.assets import AssetOrTimeSchedule
    from airflow.timetables.datasets import DatasetOrTimeSchedule

    assert top is Dataset and issubclass(Dataset, Asset)
    assert (
        issubclass(DatasetAlias, AssetAlias) and issubclass(DatasetAll, AssetAll) and issubclass(DatasetAny, AssetAny)
    )
    assert old_metadata is new_metadata is Metadata
    assert DatasetOrTimeSchedule is AssetOrTimeSchedule
    assert StartOfDayMapper is sdk_mapper
    assert callable(asset)
    assert Dataset("s3://b/c", extra={"k": 1}).extra == {"k": 1}


def timetable_of(host, dag_file, schedule, imports=""):
    path = dag_file(
        f"""
        from airflow.sdk import *
        from airflow.datasets import Dataset
        from airflow.timetables.datasets import DatasetOrTimeSchedule
        {imports}
        a, b, c = Asset("a"), Asset("b", extra={{"k": 1}}), Dataset("s3://c")
        with DAG("d", schedule={schedule}):
            pass
        """
    )
    parsed = host.parse(path)
    assert parsed["import_error"] is None, parsed["import_error"]
    return parsed["dags"][0]["timetable"]


def spec(name, uri=None, **more):
    return {"asset": {"name": name, "uri": uri or name, "group": "asset", **more}}


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("[a]", {"type": "asset_triggered", "assets": {"all": [spec("a")]}}),
        ("a", {"type": "asset_triggered", "assets": spec("a")}),
        (
            "(a & b) | c",
            {
                "type": "asset_triggered",
                "assets": {"any": [{"all": [spec("a"), spec("b", extra={"k": 1})]}, spec("s3://c/", "s3://c/")]},
            },
        ),
        ("AssetAlias('x')", {"type": "asset_triggered", "assets": {"alias": {"name": "x", "group": "asset"}}}),
        ("Asset.ref(name='n')", {"type": "asset_triggered", "assets": {"asset_ref": {"name": "n"}}}),
        (
            "DatasetOrTimeSchedule(timetable=CronTriggerTimetable('@daily', timezone='UTC'), datasets=[a])",
            {
                "type": "asset_or_time",
                "timetable": {"type": "cron_trigger", "cron": "0 0 * * *"},
                "assets": {"all": [spec("a")]},
            },
        ),
        (
            "CronPartitionTimetable('0 1 * * *', timezone='Europe/Berlin', run_offset=-1, key_format='%Y-%m-%d')",
            {
                "type": "cron_partition",
                "cron": "0 1 * * *",
                "timezone": "Europe/Berlin",
                "run_offset": -1,
                "key_format": "%Y-%m-%d",
            },
        ),
        ("PartitionedAtRuntime()", {"type": "partitioned_at_runtime"}),
        (
            "PartitionedAssetTimetable(assets=a & b, partition_mapper_config={b: ChainMapper(StartOfDayMapper(), "
            "IdentityMapper(max_downstream_keys=3))})",
            {
                "type": "partitioned_asset",
                "assets": {"all": [spec("a"), spec("b", extra={"k": 1})]},
                "default_mapper": {"type": "identity"},
                "mappers": [
                    {
                        "name": "b",
                        "uri": "b",
                        "mapper": {
                            "type": "chain",
                            "mappers": [
                                {
                                    "type": "temporal",
                                    "grain": "day",
                                    "timezone": "UTC",
                                    "input_format": "%Y-%m-%dT%H:%M:%S",
                                    "output_format": "%Y-%m-%d",
                                },
                                {"type": "identity", "max_downstream_keys": 3},
                            ],
                        },
                    }
                ],
            },
        ),
    ],
)
def test_schedules_of_assets(host, dag_file, schedule, expected):
    found = timetable_of(host, dag_file, schedule)
    # The trailing slash of a bare host is part of the URI's form, not of the name.
    if "s3://c" in str(expected):
        expected["assets"]["any"][1]["asset"]["name"] = "s3://c"
    assert found == expected


def test_rollups_and_fan_outs_are_data():
    from airflow.sdk import (
        DayWindow,
        FanOutMapper,
        FixedKeyMapper,
        HourWindow,
        MinimumCount,
        RollupMapper,
        SegmentWindow,
        StartOfDayMapper,
        StartOfWeekMapper,
        WeekWindow,
    )

    rollup = RollupMapper(
        upstream_mapper=StartOfDayMapper(), window=DayWindow(), wait_policy=MinimumCount(-2)
    ).as_spec()
    assert (rollup["window"], rollup["wait_policy"]) == (
        {"type": "day", "direction": "forward"},
        {"type": "minimum_count", "n": -2},
    )
    fan_out = FanOutMapper(upstream_mapper=StartOfWeekMapper(), window=WeekWindow()).as_spec()
    assert fan_out["downstream_mapper"]["output_format"] == "%Y-%m-%d"
    segments = RollupMapper(upstream_mapper=FixedKeyMapper("all"), window=SegmentWindow(["us", "eu", "us"])).as_spec()
    assert segments["window"] == {"type": "segment", "segments": ["eu", "us"]}
    with pytest.raises(TypeError, match="do not go together"):
        RollupMapper(upstream_mapper=FixedKeyMapper("all"), window=DayWindow())
    with pytest.raises(ValueError, match="pass downstream_mapper explicitly"):
        FanOutMapper(upstream_mapper=StartOfDayMapper(), window=HourWindow())


def test_mappers_of_authors_are_refused_with_a_reason(host, dag_file):
    path = dag_file(
        """
        from airflow.sdk import DAG, Asset, PartitionMapper, PartitionedAssetTimetable

        class Mine(PartitionMapper):
            def to_downstream(self, key):
                return key

        with DAG("d", schedule=PartitionedAssetTimetable(assets=Asset("a"), default_partition_mapper=Mine())):
            pass
        """
    )
    message = host.parse(path)["import_error"]["message"]
    assert "partition mapper Mine computes keys in Python, which is not supported" in message


def test_watchers_are_serialized_with_their_assets(host, dag_file):
    path = dag_file(
        """
        from airflow.providers.standard.triggers.file import FileDeleteTrigger
        from airflow.sdk import DAG, Asset, AssetWatcher

        file = Asset("a", watchers=[AssetWatcher("w", trigger=FileDeleteTrigger(filepath="/tmp/x"))])
        with DAG("d", schedule=[file]):
            pass
        """
    )
    watcher = {
        "name": "w",
        "classpath": "airflow.providers.standard.triggers.file.FileDeleteTrigger",
        "kwargs": {"filepath": "/tmp/x", "poke_interval": 5.0},
    }
    condition = host.parse(path)["dags"][0]["timetable"]["assets"]
    assert condition["all"][0]["asset"]["watchers"] == [watcher]


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ("object()", "Asset watcher trigger must inherit BaseEventTrigger"),
        ("FileTrigger(filepath='/x')", "Asset watcher trigger must inherit BaseEventTrigger"),
        ("Mine()", "the class Mine is defined in the DAG file, where triggerers can't import it"),
        ("FileDeleteTrigger(filepath=object())", "its trigger can't be kept"),
    ],
)
def test_watchers_that_cannot_work_are_refused_with_a_reason(host, dag_file, trigger, problem):
    path = dag_file(
        f"""
        from airflow.providers.standard.triggers.file import FileDeleteTrigger, FileTrigger
        from airflow.sdk import DAG, Asset, AssetWatcher
        from airflow.triggers.base import BaseEventTrigger

        class Mine(BaseEventTrigger):
            def serialize(self):
                return f"{{type(self).__module__}}.Mine", {{}}
            async def run(self):
                yield None

        with DAG("d", schedule=[Asset("a", watchers=[AssetWatcher("w", trigger={trigger})])]):
            pass
        """
    )
    assert problem in host.parse(path)["import_error"]["message"]


def test_outlets_and_inlets_are_serialized_and_native_lanes_keep_them(host, dag_file):
    path = dag_file(
        """
        from airflow.sdk import DAG, Asset, AssetAlias
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.providers.standard.operators.empty import EmptyOperator

        with DAG("d", schedule=None):
            EmptyOperator(task_id="empty", outlets=[Asset("a")])
            BashOperator(task_id="bash", bash_command="true", outlets=Asset("a"), inlets=[Asset("b"), AssetAlias("x")])
            BashOperator(task_id="odd", bash_command="true", outlets=["a text"])
        """
    )
    tasks = {task["task_id"]: task for task in host.parse(path)["dags"][0]["tasks"]}
    assert tasks["empty"]["outlets"] == [spec("a")] and tasks["empty"]["lane"] == {"kind": "empty"}
    assert tasks["bash"]["outlets"] == [spec("a")] and tasks["bash"]["lane"]["kind"] == "bash"
    assert tasks["bash"]["inlets"] == [spec("b"), {"alias": {"name": "x", "group": "asset"}}]
    assert "outlets" not in tasks["odd"] and "lane" not in tasks["odd"]


def test_the_asset_decorator_makes_an_asset_and_its_dag(host, dag_file):
    path = dag_file(
        """
        from airflow.sdk import Asset, asset

        @asset(schedule="@daily", uri="s3://b/raw", group="g")
        def raw(self, context):
            return self.uri

        @asset(schedule=raw)
        def clean(raw):
            return raw.uri

        @asset.multi(schedule=None, outlets=[Asset("x"), Asset("y")])
        def both():
            pass
        """
    )
    parsed = host.parse(path)
    assert parsed["import_error"] is None
    dags = {dag["dag_id"]: dag for dag in parsed["dags"]}
    assert sorted(dags) == ["both", "clean", "raw"]
    raw = spec("raw", "s3://b/raw", group="g")
    assert dags["raw"]["tasks"][0]["outlets"] == [raw]
    assert dags["clean"]["timetable"] == {"type": "asset_triggered", "assets": raw}
    assert dags["clean"]["tasks"][0]["inlets"] == [{"asset_ref": {"name": "raw"}}]
    assert dags["both"]["tasks"][0]["outlets"] == [spec("x"), spec("y")]

    def answer(call):
        return {"ok": {"name": call["name"], "uri": "s3://b/raw", "group": "g", "extra": {}}}

    child = host.fork().run(workload(path, "clean", "clean"), answer)
    assert child.done["xcoms"] == {"return_value": "s3://b/raw"}
    child = host.fork().run(workload(path, "raw", "raw"), answer)
    assert child.done["asset_updates"] == [{"asset": raw}]


@pytest.fixture
def run(host, dag_file):
    """Runs the task ``t`` of a DAG with assets ``a``, ``b`` and the alias ``x``."""

    def _run(body, answer=None, **more):
        head = """
            from airflow.sdk import *
            a, b, x = Asset("a"), Asset("b"), AssetAlias("x")
            with DAG("d", schedule=None):
        """
        path = dag_file("")
        path.write_text(textwrap.dedent(head) + textwrap.indent(textwrap.dedent(body), "    "))
        child = host.fork().run(workload(path, "d", "t", **more), answer)
        assert child.done["state"] == "success", child.done
        return child

    return _run


def test_a_task_says_something_about_its_outlets(run):
    child = run(
        """
        @task(outlets=[a, b])
        def t(*, outlet_events):
            outlet_events[a].extra["rows"] = 3
            outlet_events.for_asset(name="b", uri="b").extra = {"n": 1}
        t()
        """
    )
    assert child.done["asset_updates"] == [
        {"asset": spec("a"), "extra": {"rows": 3}},
        {"asset": spec("b"), "extra": {"n": 1}},
    ]


def test_metadata_that_a_function_yields(run):
    child = run(
        """
        @task(outlets=[a, x])
        def t():
            yield Metadata(a, {"rows": 3})
            yield Metadata(b, {"n": 1}, alias=x)
            return 7
        t()
        """
    )
    assert child.done["asset_updates"] == [
        {"asset": spec("a"), "extra": {"rows": 3}},
        {"asset": spec("b"), "aliases": ["x"], "extra": {"n": 1}},
    ]
    assert child.done["xcoms"] == {"return_value": 7}


def test_aliases_are_given_to_assets(run):
    child = run(
        """
        @task(outlets=[x, AssetAlias("y")])
        def t(*, outlet_events):
            outlet_events[x].add(a, {"n": 1})
            outlet_events[AssetAlias("y")].add(a, {"n": 1})
            outlet_events[x].add(b)
        t()
        """
    )
    assert child.done["asset_updates"] == [
        {"asset": spec("a"), "aliases": ["x", "y"], "extra": {"n": 1}},
        {"asset": spec("b"), "aliases": ["x"]},
    ]


def test_partitions_that_are_found_at_run_time(run):
    child = run(
        """
        @task(outlets=[a])
        def t(*, outlet_events, partition_key, partition_date):
            outlet_events[a].add_partitions(["k2", "k1"])
            return [partition_key, partition_date.isoformat()]
        t()
        """,
        run={"partition_key": "2024", "partition_date": "2024-01-01T00:00:00Z"},
    )
    assert [update["partition_key"] for update in child.done["asset_updates"]] == ["k1", "k2"]
    assert child.done["xcoms"]["return_value"] == ["2024", "2024-01-01T00:00:00+00:00"]


def test_a_task_that_fails_updates_nothing(host, dag_file):
    path = dag_file(
        """
        from airflow.sdk import DAG, Asset, task

        with DAG("d", schedule=None):
            @task(outlets=[Asset("a")])
            def t():
                raise ValueError("no")
            t()
        """
    )
    assert "asset_updates" not in host.fork().run(workload(path, "d", "t")).done


EVENT = {
    "id": 5,
    "timestamp": "2024-01-02T03:04:05Z",
    "extra": {"rows": 3},
    "asset": {"id": 1, "name": "a", "uri": "a", "group": "asset"},
    "source_dag_id": "producer",
    "source_task_id": "make",
    "source_run_id": "r1",
    "source_map_index": -1,
    "source_aliases": ["x"],
    "partition_key": None,
}


def test_a_run_sees_what_it_consumed(run):
    def answer(call):
        return {"ok": [EVENT] if call["method"] == "triggering_asset_events" else 42}

    child = run(
        """
        @task
        def t(*, triggering_asset_events, triggering_dataset_events):
            (event,) = triggering_asset_events[a]
            assert triggering_asset_events[x][0].id == event.id
            assert [type(key).__name__ for key in triggering_asset_events] == ["Asset", "AssetAlias"]
            assert list(triggering_dataset_events) == ["a"]
            for uri, events in triggering_dataset_events.items():
                assert (uri, events[0].source_dag_run.run_id) == ("a", "r1")
            return [event.extra["rows"], event.source_run_id, event.source_task_instance.xcom_pull()]
        t()
        """,
        answer,
        run={"run_type": "asset_triggered", "logical_date": None},
    )
    assert child.done["xcoms"]["return_value"] == [3, "r1", 42]


def test_other_runs_have_consumed_nothing(run):
    child = run(
        """
        @task
        def t(*, triggering_asset_events):
            return dict(triggering_asset_events)
        t()
        """
    )
    assert child.done["xcoms"]["return_value"] == {}


def test_a_task_reads_the_events_of_its_inlets(run):
    calls = []

    def answer(call):
        calls.append(call)
        return {"ok": [EVENT]}

    child = run(
        """
        @task(inlets=[a, x, Asset.ref(name="n")])
        def t(*, inlet_events):
            first = inlet_events[a].after("2024-01-01T00:00:00Z").before("2024-02-01").limit(3).ascending(False)
            assert len(first) == 1 and first[-1].extra == {"rows": 3}
            assert inlet_events[1][0].id == inlet_events[Asset.ref(name="n")][0].id == 5
            try:
                inlet_events[b]
            except KeyError:
                return "no inlet"
        t()
        """,
        answer,
    )
    assert child.done["xcoms"]["return_value"] == "no inlet"
    asked = [{key: value for key, value in call.items() if key not in ("type", "id", "method")} for call in calls]
    assert asked == [
        {
            "name": "a",
            "uri": "a",
            "after": "2024-01-01T00:00:00Z",
            "before": "2024-02-01T00:00:00Z",
            "limit": 3,
            "ascending": False,
        },
        {"alias": "x"},
        {"name": "n"},
    ]
