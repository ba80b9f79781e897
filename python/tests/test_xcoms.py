"""XCom values: how they are written, what may be read, and backends of the author's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import json
import textwrap
import uuid
import zoneinfo

import attr
import pendulum
import pytest
from driver import Host, workload

from airflow._runtime.xcom_codec import NotSerializable, decode, encode


@dataclasses.dataclass
class Point:
    """Found by its module's name."""

    x: int
    when: dt.datetime


@attr.define
class Circle:
    """Of attrs, with a private field."""

    radius: float
    _unit: str = "m"


class Own:
    """Says itself how it is written."""

    __version__ = 3

    def __init__(self, items):
        self.items = items

    def serialize(self):
        return {"items": self.items}

    @staticmethod
    def deserialize(data, version):
        assert version == 3
        return Own(data["items"])

    def __eq__(self, other):
        return self.items == other.items


@pytest.fixture
def allowed(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES", f"airflow.* {__name__}.*")


UTC = dt.timezone.utc
VALUES = [
    dt.datetime(2024, 1, 1, 5, 6, 7, 123456),
    dt.datetime(2024, 1, 1, tzinfo=UTC),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    dt.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    pendulum.datetime(2024, 7, 1, 1, 2, 3, 456789, tz="Europe/Berlin"),
    dt.date(2024, 2, 29),
    dt.timedelta(days=1, microseconds=5),
    (1, ("a", None)),
    {1, 2},
    frozenset({"a"}),
    decimal.Decimal("1.50"),
    uuid.UUID(int=5),
    10**30,
    b"abc",
    Point(1, dt.datetime(2024, 1, 1, tzinfo=UTC)),
    Circle(2.5, "km"),
    Own([(1, 2)]),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_as_they_were(value, allowed):
    found = decode(json.loads(json.dumps(encode({"in": [value]}))))["in"][0]
    assert found == value
    assert type(found) is type(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        assert found.utcoffset() == value.utcoffset()


def test_the_form_is_that_of_airflow_3():
    assert encode(dt.datetime(2024, 1, 1, tzinfo=UTC)) == {
        "__classname__": "datetime.datetime",
        "__version__": 2,
        "__data__": {
            "timestamp": 1704067200.0,
            "tz": {
                "__classname__": "builtins.tuple",
                "__version__": 1,
                "__data__": ["UTC", "pendulum.tz.timezone.FixedTimezone", 1, True],
            },
        },
    }
    assert encode(Circle(1))["__classname__"] == f"{__name__}.Circle"
    assert encode(Circle(1))["__version__"] == 0
    assert list(encode({"b": 1, "a": 2})) == ["b", "a"]
    assert encode({1: "x"}) == {"1": "x"}


def test_classes_that_nobody_allowed_are_refused(monkeypatch):
    stored = encode(Circle(1))
    with pytest.raises(ImportError, match="allowed_deserialization_classes does not allow"):
        decode(stored)
    monkeypatch.setenv("AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES_REGEXP", r".*\.Circle$")
    assert decode(stored) == Circle(1)
    stored = encode(Own([]))
    monkeypatch.setenv("AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES_REGEXP", r".*")
    with pytest.raises(TypeError, match="version 4 of the class"):
        decode({**stored, "__version__": 4})


def test_what_can_not_be_written_says_so():
    with pytest.raises(NotSerializable, match=r"builtins\.object can't be an XCom"):
        encode({"a": object()})
    with pytest.raises(NotSerializable, match="contains itself"):
        loop: list = []
        loop.append(loop)
        encode(loop)


BACKEND = '''
import json, os
from airflow.sdk.bases.xcom import BaseXCom

class InFiles(BaseXCom):
    """Keeps values in files; the database knows where."""
    @staticmethod
    def serialize_value(value, *, key=None, task_id=None, run_id=None, map_index=None, **kwargs):
        if not isinstance(value, dict):
            return BaseXCom.serialize_value(value)
        path = os.path.join(os.environ["KEPT"], f"{task_id}-{key}-{map_index}.json")
        with open(path, "w") as file:
            json.dump(BaseXCom.serialize_value(value), file)
        return ("file:" + path).encode()

    @staticmethod
    def deserialize_value(result):
        if isinstance(result.value, str) and result.value.startswith("file:"):
            with open(result.value[5:]) as file:
                return BaseXCom.deserialize_value(json.load(file))
        return BaseXCom.deserialize_value(result)

    @classmethod
    def purge(cls, xcom, *args):
        if isinstance(xcom.value, str):
            os.remove(xcom.value[5:])
'''


def test_a_backend_of_the_authors_keeps_values_elsewhere(tmp_path):
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "own_backend.py").write_text(BACKEND)
    path = dags / "d.py"
    path.write_text(
        textwrap.dedent(
            """
            from airflow.sdk import DAG, task
            from airflow.models import XCom
            with DAG("d", schedule=None):
                @task(multiple_outputs=True)
                def push(ti=None):
                    ti.xcom_push("own", {"z": 1, "a": (2,)})
                    assert ti.xcom_pull(task_ids="push", key="own") == {"z": 1, "a": (2,)}
                    XCom.delete(key="own")
                    return {"b": {"x": 1}, "a": 2}
                @task
                def over(pair):
                    return [pair]
                over.expand(pair=push())
            """
        )
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    host = Host(AIRFLOW__CORE__XCOM_BACKEND="own_backend.InFiles", KEPT=str(kept))
    stored: dict = {}

    def answer(call):
        if call["method"] == "xcom_set":
            stored[call["key"]] = call["value"]
            return {"ok": None}
        if call["method"] == "xcom_delete":
            stored.pop(call["key"])
            return {"ok": None}
        if call["method"] == "xcom_get":
            return {"ok": stored[call["key"]]}
        if call["method"] == "xcom_keys":
            return {"ok": sorted(stored)}
        raise AssertionError(call)

    try:
        child = host.fork().run(workload(path, "d", "push"), answer)
        assert child.done["state"] == "success", child.events
        assert child.done["xcoms"] == {
            "a": 2,
            "b": f"file:{kept}/push-b--1.json",
            "return_value": f"file:{kept}/push-return_value--1.json",
        }
        assert child.done["map_length"] == 2
        assert stored == {} and not (kept / "push-own--1.json").exists()
        stored.update(child.done["xcoms"])
        child = host.fork().run({**workload(path, "d", "over"), "map_index": 1}, answer)
        assert child.done["xcoms"]["return_value"][0]["__data__"] == ["a", 2], child.events
        old = {name for name in kept.iterdir() if name.name.startswith("push-")}
        assert old and len(stored) == 3
        child = host.fork().run({**workload(path, "d", "push"), "try_number": 2}, answer)
        assert child.done["state"] == "success" and stored == {}, "what the try before had stored is gone"
    finally:
        host.close()


def test_values_are_stored_as_they_are():
    from airflow._runtime.xcom_backend import from_store, to_store

    for value in ({"b": {"z": 1, "y": "ü"}, "a": 2}, 110.00000000000001, [{"a": 0.1 + 0.2}], {"__json__": "[1]"}):
        assert to_store(value, "k", "d", "r", "t", -1) == value
    stored = to_store({"b": (1,), "a": 2**64}, "k", "d", "r", "t", -1)
    assert stored["a"] == {"__classname__": "builtins.int", "__version__": 1, "__data__": str(2**64)}
    assert list(from_store(stored).items()) == [("b", (1,)), ("a", 2**64)]


def test_a_backend_stores_nothing_that_others_would_read_otherwise():
    from airflow._runtime import xcom_backend
    from airflow._runtime.xcom_codec import NotSerializable

    assert xcom_backend._checked({"a": [2**63, -(2**63), 0.1]}) == {"a": [2**63, -(2**63), 0.1]}
    with pytest.raises(NotSerializable, match="more than 64 bits"):
        xcom_backend._checked({"a": [2**64]})
