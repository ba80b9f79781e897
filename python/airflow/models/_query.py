"""The few database queries that DAG files of Airflow 1 and 2 make, answered by the task API.

``session.query(DagRun).filter(DagRun.dag_id == "x").order_by(DagRun.execution_date.desc()).first()`` and the like:
runs, task instances of runs, and DAGs by id. There is no database behind it, so whatever else is asked is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

#: As many runs as one call of the task API answers.
MOST_RUNS = 1000


def plain(value: Any) -> Any:
    """The text of a state or run type that may be an enum; anything else as it is."""
    return value.value if hasattr(value, "value") and isinstance(value.value, str) else value


class Column:
    """An attribute of a model's class, to make conditions and orders of."""

    def __init__(self, model: type, name: str, descending: bool = False) -> None:
        self.model, self.name, self.descending = model, name, descending

    def _condition(self, op: str, value: Any) -> Condition:
        return Condition(self.name, op, value)

    def __eq__(self, value: object) -> Any:
        return self._condition("==", plain(value))

    def __ne__(self, value: object) -> Any:
        return self._condition("!=", plain(value))

    def __lt__(self, value: Any) -> Condition:
        return self._condition("<", value)

    def __le__(self, value: Any) -> Condition:
        return self._condition("<=", value)

    def __gt__(self, value: Any) -> Condition:
        return self._condition(">", value)

    def __ge__(self, value: Any) -> Condition:
        return self._condition(">=", value)

    __hash__ = None  # type: ignore[assignment]

    def in_(self, values: Any) -> Condition:
        """One of these."""
        return self._condition("in", [plain(value) for value in values])

    def notin_(self, values: Any) -> Condition:
        """None of these."""
        return self._condition("not in", [plain(value) for value in values])

    not_in = notin_

    def is_(self, value: Any) -> Condition:
        """The very value: None, True or False."""
        return self._condition("==", value)

    def isnot(self, value: Any) -> Condition:
        """Not the very value."""
        return self._condition("!=", value)

    is_not = isnot

    def between(self, low: Any, high: Any) -> Condition:
        """From ``low`` to ``high``, both included."""
        return self._condition("between", (low, high))

    def asc(self) -> Column:
        """Order: the smallest first."""
        return Column(self.model, self.name)

    def desc(self) -> Column:
        """Order: the greatest first."""
        return Column(self.model, self.name, descending=True)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    "==": lambda a, b: a == b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
    "between": lambda a, b: a is not None and b[0] <= a <= b[1],
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


def _aware(value: Any) -> Any:
    """A date without a zone is meant in the default one, as everywhere in DAG files."""
    if isinstance(value, list):
        return [_aware(one) for one in value]
    if isinstance(value, datetime) and value.tzinfo is None:
        from airflow.sdk.timezone import default_tzinfo

        return value.replace(tzinfo=default_tzinfo())
    return value


class Condition:
    """What must be true of an attribute."""

    def __init__(self, name: str, op: str, value: Any) -> None:
        self.name, self.op = name, op
        self.value: Any = tuple(map(_aware, value)) if op == "between" else _aware(value)

    def holds(self, found: Any) -> bool:
        """Whether it is true of an object."""
        return _TESTS[self.op](plain(getattr(found, self.name)), self.value)

    def __bool__(self) -> bool:
        raise TypeError("a condition of a query has no truth value; give filter() several conditions instead of `and`")


def _column(name: str) -> property:
    def column(cls: type) -> Column:
        return Column(cls, name)

    return property(column)


class Queryable(type):
    """Class of model classes: their attributes are columns, while those of objects are values."""

    def __init_subclass__(cls, columns: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in columns:
            setattr(cls, name, _column(name))


def _order(column: Column) -> Callable[[Any], tuple[bool, Any]]:
    """What to sort by: nothing comes before anything."""

    def key(one: Any) -> tuple[bool, Any]:
        value = plain(getattr(one, column.name))
        return value is not None, value

    return key


class Query:
    """A query that is being put together; nothing is asked before its answer is wanted."""

    def __init__(self, entities: tuple[Any, ...]) -> None:
        models = {entity.model if isinstance(entity, Column) else entity for entity in entities}
        if len(models) != 1 or not all(isinstance(model, type) for model in models):
            raise _refusal("a query of anything but runs, task instances or DAGs (one kind at a time)")
        self._model: type = models.pop()
        self._columns = [entity.name for entity in entities if isinstance(entity, Column)]
        if self._model.__name__ not in _SOURCES:
            raise _refusal(f"session.query({self._model.__name__})")
        self._conditions: list[Condition] = []
        self._orders: list[Column] = []
        self._limit: int | None = None

    def filter(self, *conditions: Any) -> Query:
        """Only what these are true of."""
        for condition in conditions:
            if not isinstance(condition, Condition):
                raise _refusal(
                    "a condition that is not a comparison of an attribute, such as DagRun.state == 'failed',"
                )
            self._conditions.append(condition)
        return self

    where = filter

    def filter_by(self, **values: Any) -> Query:
        """Only what has these values."""
        return self.filter(*(Condition(name, "==", plain(value)) for name, value in values.items()))

    def order_by(self, *columns: Any) -> Query:
        """In this order."""
        for column in columns:
            if not isinstance(column, Column):
                raise _refusal("an order by anything but an attribute, such as DagRun.execution_date.desc(),")
            self._orders.append(column)
        return self

    def limit(self, number: int) -> Query:
        """At most so many."""
        self._limit = number
        return self

    def all(self) -> list[Any]:
        """Everything that was found."""
        found = _SOURCES[self._model.__name__](self._conditions, self._orders, self._limit)
        found = [one for one in found if all(condition.holds(one) for condition in self._conditions)]
        for column in reversed(self._orders):
            found.sort(key=_order(column), reverse=column.descending)
        found = found[: self._limit]
        if self._columns:
            return [tuple(getattr(one, name) for name in self._columns) for one in found]
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def first(self) -> Any:
        """The first, or None."""
        self._limit = 1 if self._limit is None else min(self._limit, 1)
        return next(iter(self.all()), None)

    def one_or_none(self) -> Any:
        """The only one, or None; an error if there are several."""
        found = self.all()
        if len(found) > 1:
            raise LookupError(f"the query has {len(found)} answers, not one")
        return found[0] if found else None

    def one(self) -> Any:
        """The only one; an error if there are several, or none."""
        found = self.one_or_none()
        if found is None:
            raise LookupError("the query has no answer")
        return found

    def scalar(self) -> Any:
        """The first value of the only answer, or None."""
        found = self.one_or_none()
        return found[0] if isinstance(found, tuple) else found

    def count(self) -> int:
        """How many there are."""
        return len(self.all())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _refusal(f"session.query(...).{name}")


def _refusal(what: str) -> Exception:
    from airflow.models.orm import NoDatabase

    return NoDatabase(what)


def _given(conditions: list[Condition], *names: str) -> list[Any]:
    """Values of which an attribute must have one, by the conditions; empty if they do not say."""
    for condition in conditions:
        if condition.name in names and condition.op == "==" and condition.value is not None:
            return [condition.value]
        if condition.name in names and condition.op == "in":
            return list(condition.value)
    return []


_DATES = ("execution_date", "logical_date")
# Conditions that the server judges exactly as we do, so that it may also leave off what is over a limit.
_EXACT = frozenset({"dag_id", "run_id", "state", "run_type", *_DATES})


def find_runs(conditions: list[Condition], orders: list[Column], limit: int | None) -> list[Any]:
    """Runs for a query: a superset of its answer."""
    from airflow._runtime import supervisor
    from airflow._serialize.values import instant
    from airflow.sdk.execution_time.task_instance import DagRun

    asked: dict[str, Any] = {
        "dag_ids": _given(conditions, "dag_id"),
        "run_ids": _given(conditions, "run_id"),
        "states": _given(conditions, "state"),
        "run_types": _given(conditions, "run_type"),
        "logical_dates": [instant(date) for date in _given(conditions, *_DATES)],
    }
    for condition in conditions:
        if condition.name in _DATES and condition.op in (">", ">=", "between"):
            asked["from"] = instant(condition.value[0] if condition.op == "between" else condition.value)
        if condition.name in _DATES and condition.op in ("<", "<=", "between"):
            asked["until"] = instant(condition.value[1] if condition.op == "between" else condition.value)
    by_date = len(orders) == 1 and orders[0].name in _DATES
    asked["descending"] = bool(by_date and orders[0].descending)
    exact = all(c.name in _EXACT and c.op in ("==", "in", ">=", "<=", "between") for c in conditions)
    names = [condition.name for condition in conditions]
    cut = limit if limit is not None and exact and (by_date or not orders) and len(names) == len(set(names)) else None
    rows = supervisor.call("run_find", **{name: value for name, value in asked.items() if value}, limit=cut)
    if cut is None and len(rows) >= MOST_RUNS:
        raise _refusal(f"a query of {MOST_RUNS} runs or more (narrow it by dag_id, state or dates, or give a limit)")
    return [DagRun(row["dag_id"], row) for row in rows]


def _task_instances(conditions: list[Condition], orders: list[Column], limit: int | None) -> list[Any]:
    """Task instances of the runs that the conditions name."""
    if not _given(conditions, "dag_id"):
        raise _refusal("a query of task instances of all DAGs (name dag_id, and run_id or execution_date)")
    about_runs = [c for c in conditions if c.name in ("dag_id", "run_id", *_DATES)]
    found: list[Any] = []
    for run in find_runs(about_runs, [], None):
        found += run.get_task_instances()
    return found


def _dags(conditions: list[Condition], orders: list[Column], limit: int | None) -> list[Any]:
    """DAGs by id."""
    from airflow.models.orm import DagModel

    ids = _given(conditions, "dag_id")
    if not ids:
        raise _refusal("a query of all DAGs (name dag_id)")
    found = [DagModel.get_dagmodel(dag_id) for dag_id in ids]
    return [dag for dag in found if dag is not None]


_SOURCES: dict[str, Callable[[list[Condition], list[Column], int | None], list[Any]]] = {
    "DagModel": _dags,
    "DagRun": find_runs,
    "RuntimeTaskInstance": _task_instances,
}
