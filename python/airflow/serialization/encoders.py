"""Timetables as data."""

from __future__ import annotations

from typing import Any


def coerce_to_core_timetable(timetable: Any) -> Any:
    """The timetable itself: there is no other form of it."""
    return timetable


def encode_timetable(timetable: Any) -> dict[str, Any]:
    """A timetable as the JSON that Tradewind keeps."""
    from airflow._serialize.timetable import timetable_spec

    return timetable_spec(timetable)
