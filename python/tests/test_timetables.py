"""Timetables of users' own: what becomes of them when a file is read, and what they answer."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = """
from __future__ import annotations
from datetime import datetime, timedelta, timezone
import os, time
import pendulum
from airflow.sdk import DAG
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
"""
# The shape of Airflow's own example: a run after each workday.
WORKDAYS = """
class AfterWorkday(Timetable):
    description = "After each workday"
    def __init__(self, hour: int = 0) -> None:
        self.hour = hour
    @property
    def summary(self) -> str:
        return f"workdays at {self.hour}"
    def serialize(self):
        return {"hour": self.hour}
    @classmethod
    def deserialize(cls, data):
        return cls(data["hour"])
    def infer_manual_data_interval(self, *, run_after):
        start = pendulum.instance(run_after).start_of("day").subtract(days=1)
        return DataInterval(start=start, end=start.add(days=1))
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if last_automated_data_interval is not None:
            start = last_automated_data_interval.start.add(days=1)
        elif restriction.earliest is None:
            return None
        else:
            start = restriction.earliest
        while start.weekday() > 4:
            start = start.add(days=1)
        if restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo.interval(start=start, end=start.add(days=1))
"""


def spec_of(parsed: dict[str, Any]) -> dict[str, Any]:
    """The only DAG's timetable."""
    assert parsed["import_error"] is None, parsed["import_error"]
    (dag,) = parsed["dags"]
    return dag["timetable"]


def ask(host, path, spec: dict[str, Any], answer=None, **ask: Any) -> dict[str, Any]:
    """What a timetable answers."""
    question = {
        "kind": "next", "after": None, "earliest": "2024-01-05T00:00:00Z", "latest": None, "catchup": True,
        "now": "2024-01-09T12:00:00Z", "future": 2, "most": 50, **ask,
    }  # fmt: skip
    job = {"type": "timetable", "path": str(path), "root": str(path.parent), "ask": question}
    job.update({name: spec[name] for name in ("module", "class", "data") if name in spec})
    child = host.fork().run(job, answer)
    (answered,) = child.of_type("answered")
    return answered


def test_a_class_of_the_file_itself_is_asked_for_the_next_runs(host, dag_file):
    path = dag_file(
        HEAD + WORKDAYS + "DAG('d', schedule=AfterWorkday(6))\nDAG_OBJECT = DAG('d', schedule=AfterWorkday(6))"
    )
    spec = spec_of(host.parse(path))
    assert spec == {
        "type": "external", "class": "AfterWorkday", "data": {"hour": 6}, "summary": "workdays at 6",
        "description": "After each workday",
    }  # fmt: skip
    answered = ask(host, path, spec)
    starts = [run["data_interval"]["start"][:10] for run in answered["runs"]]
    # Friday, then on Monday; two runs after the present are enough.
    assert starts == ["2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"]
    assert answered["runs"][0]["run_after"] == "2024-01-06T00:00:00+00:00"
    assert answered["ended"] is False
    after = {"start": "2024-01-09T00:00:00Z", "end": "2024-01-10T00:00:00Z"}
    again = ask(host, path, spec, after=after, latest="2024-01-11T00:00:00Z", future=9)
    assert [run["logical_date"][:10] for run in again["runs"]] == ["2024-01-10", "2024-01-11"]
    assert again["ended"] is True
    manual = ask(host, path, spec, kind="manual", run_after="2024-01-09T12:00:00Z")
    assert manual["interval"] == {"start": "2024-01-08T00:00:00+00:00", "end": "2024-01-09T00:00:00+00:00"}


def test_a_class_of_a_module_is_found_without_reading_the_dag_file(host, dag_file):
    dag_file(HEAD + WORKDAYS, "company/workdays.py")
    path = dag_file(HEAD + "from company.workdays import AfterWorkday\nD = DAG('d', schedule=AfterWorkday())")
    spec = spec_of(host.parse(path))
    assert (spec["module"], spec["class"]) == ("company.workdays", "AfterWorkday")
    path.write_text("raise SystemExit('nobody reads this')")
    assert len(ask(host, path, spec)["runs"]) == 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("class T(Timetable):\n    def __init__(self, n): pass\nD = DAG('d', schedule=T(1))", "can't be made again"),
        (
            "class T(Timetable):\n    def serialize(self): return {'x': {1}}\nD = DAG('d', schedule=T())",
            "not plain JSON",
        ),
        ("def f():\n    class T(Timetable): pass\n    return T()\nD = DAG('d', schedule=f())", "inside a function"),
        (
            "class T(Timetable):\n    deserialize = classmethod(lambda cls, data: 5)\nD = DAG('d', schedule=T())",
            "answered 5 instead of a T",
        ),
    ],
)
def test_a_class_that_cannot_come_back_to_life_is_an_import_error(host, dag_file, body, message):
    assert message in host.parse(dag_file(HEAD + body))["import_error"]["message"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("DagRunInfo.exact(datetime(2024, 1, 1))", "has no time zone"),
        ("DagRunInfo.exact('soon')", "is not a datetime"),
        ("DagRunInfo.exact(datetime(2024, 1, 1, tzinfo=timezone.utc))", "must go forward"),
        ("DagRunInfo.interval(restriction.earliest, restriction.earliest - timedelta(1))", "ends (2024-01-04"),
        ("time.missing", "AttributeError"),
        ("exit(3)", "SystemExit"),
    ],
)
def test_what_goes_wrong_is_said(host, dag_file, answer, message):
    path = dag_file(
        HEAD
        + f"""
class T(Timetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        return {answer}
D = DAG("d", schedule=T())
"""
    )
    error = ask(host, path, spec_of(host.parse(path)))["error"]
    assert message in error["message"]
    # What their code raised has a line; what is wrong with an answer has none.
    assert error["line"] == (11 if answer in ("1 / 0", "time.missing", "exit(3)") else None)


def test_a_timetable_may_build_on_one_of_airflows_own(host, dag_file):
    path = dag_file(
        HEAD
        + """
from airflow.timetables.interval import CronDataIntervalTimetable
class NotInJuly(CronDataIntervalTimetable):
    @classmethod
    def deserialize(cls, data):
        return cls(data["expression"], data["timezone"])
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        info = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        return None if info is None or info.run_after.month == 7 else info
D = DAG("d", schedule=NotInJuly("0 0 * * *", "Europe/Berlin"))
"""
    )
    spec = spec_of(host.parse(path))
    assert (spec["type"], spec["summary"]) == ("external", "0 0 * * *")
    asked = []

    def engine(call):
        asked.append(call)
        if call["method"] == "timetable_manual":
            return {"ok": {"start": "2024-06-01T00:00:00Z", "end": "2024-06-02T00:00:00Z"}}
        day = 29 + len(asked)
        if day > 30:
            return {"ok": None}
        span = {"start": f"2024-06-{day - 1}T22:00:00Z", "end": f"2024-06-{day}T22:00:00Z"}
        return {"ok": {"logical_date": span["start"], "data_interval": span, "run_after": span["end"]}}

    answered = ask(host, path, spec, answer=engine)
    assert [run["run_after"] for run in answered["runs"]] == ["2024-06-30T22:00:00+00:00"]
    assert answered["ended"] is True
    first = asked[0]
    assert first["spec"] == {"type": "cron_data_interval", "cron": "0 0 * * *", "timezone": "Europe/Berlin"}
    assert (first["method"], first["earliest"], first["catchup"]) == (
        "timetable_next",
        "2024-01-05T00:00:00+00:00",
        True,
    )
    manual = ask(host, path, spec, answer=engine, kind="manual", run_after="2024-06-02T00:00:00Z")
    assert manual["interval"]["end"] == "2024-06-02T00:00:00+00:00"


def test_eras_decide_what_cron_and_spans_mean(dag_file):
    from driver import Host

    path = dag_file(
        """
        from datetime import datetime, timedelta
        from airflow.sdk import DAG
        A = DAG("a", schedule="0 0 * * *", start_date=datetime(2024, 1, 1))
        B = DAG("b", schedule=timedelta(days=1), start_date=datetime(2024, 1, 1))
        """
    )
    names = ("CATCHUP_BY_DEFAULT", "CREATE_CRON_DATA_INTERVALS", "CREATE_DELTA_DATA_INTERVALS")
    for setting, types, catchup in [
        ("False", ["cron_trigger", "delta_trigger"], None),
        ("True", ["cron_data_interval", "delta_data_interval"], True),
    ]:
        host = Host(**{f"AIRFLOW__SCHEDULER__{name}": setting for name in names})
        dags = host.parse(path)["dags"]
        assert [dag["timetable"]["type"] for dag in dags] == types
        assert [dag.get("catchup") for dag in dags] == [catchup, catchup]
        assert host.close() == 0


def test_run_immediately_keeps_a_span_of_nothing(host, dag_file):
    path = dag_file(
        """
        from datetime import timedelta
        from airflow.sdk import DAG
        from airflow.timetables.trigger import CronTriggerTimetable as T
        for n, value in enumerate([True, False, None, timedelta(0), timedelta(minutes=10)]):
            globals()[f"d{n}"] = DAG(f"d{n}", schedule=T("@daily", timezone="UTC", run_immediately=value))
        """
    )
    found = [dag["timetable"].get("run_immediately") for dag in host.parse(path)["dags"]]
    assert found == [True, None, None, 0.0, 600.0]


def test_a_class_of_ones_own_together_with_assets(host, dag_file):
    path = dag_file(
        HEAD
        + WORKDAYS
        + "from airflow.sdk import Asset, AssetOrTimeSchedule\n"
        + "D = DAG('d', schedule=AssetOrTimeSchedule(timetable=AfterWorkday(6), assets=[Asset('a')]))"
    )
    spec = spec_of(host.parse(path))
    assert (spec["type"], spec["assets"]["all"][0]["asset"]["name"]) == ("asset_or_time", "a")
    nested = spec["timetable"]
    assert (nested["type"], nested["class"], nested["data"]) == ("external", "AfterWorkday", {"hour": 6})
    starts = [run["data_interval"]["start"][:10] for run in ask(host, path, nested)["runs"]]
    assert starts == ["2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"]
    path = dag_file(
        HEAD
        + "from airflow.sdk import Asset, AssetOrTimeSchedule\n"
        + "class T(Timetable):\n    def __init__(self, n): pass\n"
        + "D = DAG('d', schedule=AssetOrTimeSchedule(timetable=T(1), assets=[Asset('a')]))",
        "broken.py",
    )
    assert "can't be made again" in host.parse(path)["import_error"]["message"]
