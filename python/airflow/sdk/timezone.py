"""Points in time: aware, UTC unless somebody said otherwise. pendulum is loaded only when an object of it is made."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pendulum
    from pendulum import DateTime


def __getattr__(name: str) -> Any:
    """``utc`` is pendulum's zone, made on first use."""
    if name == "utc":
        import pendulum

        globals()["utc"] = pendulum.UTC
        return pendulum.UTC
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def is_localized(value: dt.datetime) -> bool:
    """Whether the value knows its offset."""
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """Whether the value does not know its offset."""
    return value.utcoffset() is None


def utcnow() -> DateTime:
    """The present instant, UTC."""
    return cast("DateTime", coerce_datetime(dt.datetime.now(tz=dt.timezone.utc)))


def utc_epoch() -> DateTime:
    """1970-01-01 UTC."""
    return cast("DateTime", coerce_datetime(dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)))


def convert_to_utc(value: dt.datetime | None) -> DateTime | None:
    """The same instant in UTC; a naive value is taken to be in the default time zone."""
    if value is None:
        return None
    if is_naive(value):
        value = value.replace(tzinfo=default_tzinfo())
    import pendulum

    return pendulum.instance(value.astimezone(dt.timezone.utc))


@cache
def default_tzinfo() -> dt.tzinfo:
    """[core] default_timezone as a stdlib zone, so that parsing a DAG file needs no pendulum."""
    from airflow.configuration import conf

    name = conf.get("core", "default_timezone", fallback="utc")
    if name.lower() == "utc":
        return dt.timezone.utc
    if name == "system":
        found = dt.datetime.now().astimezone().tzinfo
        return found if found is not None else dt.timezone.utc
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def make_aware(value: dt.datetime | None, timezone: dt.tzinfo | None = None) -> dt.datetime | None:
    """Give a naive value a zone (the default one)."""
    if value is None:
        return None
    if is_localized(value):
        raise ValueError(f"{value!r} has a time zone already")
    return value.replace(tzinfo=timezone or default_tzinfo())


def make_naive(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """The wall-clock time of an aware value in a zone (the default one)."""
    if is_naive(value):
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(timezone or default_tzinfo()).replace(tzinfo=None)


def datetime(*args: Any, **kwargs: Any) -> dt.datetime:
    """``datetime.datetime`` that is aware: in the default time zone unless ``tzinfo`` is given."""
    if "tzinfo" not in kwargs and len(args) < 8:
        kwargs["tzinfo"] = default_tzinfo()
    return dt.datetime(*args, **kwargs)


def parse(string: str, timezone: Any = None, *, strict: bool = False) -> DateTime:
    """Read a date or date-time; without an offset it is in ``timezone`` (the default one)."""
    import pendulum

    zone = timezone if timezone is not None else default_tzinfo()
    value = pendulum.parse(string, tz=coerce_timezone(zone), strict=strict)
    return value  # type: ignore[return-value]


def coerce_timezone(value: Any) -> pendulum.Timezone | pendulum.FixedTimezone:
    """A zone's name, offset in seconds or ``tzinfo`` as pendulum's zone."""
    import pendulum

    if isinstance(value, (pendulum.Timezone, pendulum.FixedTimezone)):
        return value
    if isinstance(value, (str, int)):
        return parse_timezone(value)
    name = timezone_name(value)
    return parse_timezone(name)


def parse_timezone(name: str | int) -> pendulum.Timezone | pendulum.FixedTimezone:
    """A zone by name (``utc`` too), by offset in seconds or by text such as ``+05:30``."""
    import pendulum

    if isinstance(name, int):
        return pendulum.tz.fixed_timezone(name)
    if name.lower() == "utc":
        return pendulum.UTC
    if name[:1] in "+-" and name[1:2].isdigit():
        digits = name[1:].replace(":", "").ljust(4, "0")
        seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
        return pendulum.tz.fixed_timezone(-seconds if name[0] == "-" else seconds)
    return pendulum.timezone(name)


def local_timezone() -> Any:
    """The machine's zone."""
    from pendulum.tz.local_timezone import get_local_timezone

    return get_local_timezone()


def coerce_datetime(value: dt.datetime | None, tz: dt.tzinfo | None = None) -> DateTime | None:
    """As a pendulum ``DateTime``; naive values are in ``tz`` or the default time zone."""
    if value is None:
        return None
    import pendulum

    if isinstance(value, pendulum.DateTime):
        return value if value.tzinfo else pendulum.instance(value, tz=coerce_timezone(tz or default_tzinfo()))
    if value.tzinfo is None:
        value = value.replace(tzinfo=tz or default_tzinfo())
    if value.tzinfo is dt.timezone.utc:
        return pendulum.DateTime(
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond,
            tzinfo=pendulum.UTC,
        )  # fmt: skip
    return pendulum.instance(value)


def timezone_name(zone: dt.tzinfo | None) -> str:
    """IANA name of a zone, or its offset as ``+05:30``."""
    if zone is None:
        return timezone_name(default_tzinfo())
    if zone is dt.timezone.utc:
        return "UTC"
    for attribute in ("key", "zone", "name"):  # zoneinfo, pytz, pendulum
        name = getattr(zone, attribute, None)
        if (isinstance(name, str) and name and "/" in name) or name in {"UTC", "utc"}:
            return "UTC" if name == "utc" else str(name)
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if isinstance(name, str) and name:
        return name
    offset = zone.utcoffset(None)
    if offset is None:
        offset = dt.datetime.now(tz=zone).utcoffset() or dt.timedelta()
    if not offset:
        return "UTC"
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def td_format(td_object: dt.timedelta | float | int | None) -> str | None:
    """A span as people read it: ``1h:2M:3s``."""
    if not td_object:
        return None
    seconds = int(td_object.total_seconds() if isinstance(td_object, dt.timedelta) else td_object)
    if seconds < 1:
        return "<1s"
    parts = []
    for suffix, length in (("y", 31536000), ("m", 2592000), ("d", 86400), ("h", 3600), ("M", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{suffix}")
    return ":".join(parts)


def from_timestamp(timestamp: int | float, tz: Any = "utc") -> DateTime:
    """The instant that many seconds after 1970, in a zone."""
    zone = parse_timezone(tz) if isinstance(tz, str) else tz
    return cast("DateTime", coerce_datetime(dt.datetime.fromtimestamp(timestamp, tz=zone)))
