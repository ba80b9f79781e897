"""From what an author wrote as ``schedule`` to a timetable."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.timetables.base import Timetable

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG


def timetable_for(dag: DAG) -> Timetable:
    """The timetable of a DAG.

    Cron texts and spans become trigger timetables, as in Airflow 3, unless ``[scheduler] create_cron_data_intervals``
    or ``create_delta_data_intervals`` says otherwise. A DAG that uses the argument ``schedule_interval``, which only
    Airflow 1 and 2 had, gets what it meant there: each run covers the span since the one before.
    """
    schedule = dag.schedule
    if schedule is None:
        from airflow.timetables.simple import NullTimetable

        return NullTimetable()
    if isinstance(schedule, Timetable):
        return schedule
    if isinstance(schedule, str):
        return _from_text(dag, schedule)
    if isinstance(schedule, timedelta) or type(schedule).__name__ == "relativedelta":
        if dag._old_style_schedule or _configured("create_delta_data_intervals"):
            from airflow.timetables.interval import DeltaDataIntervalTimetable

            return DeltaDataIntervalTimetable(schedule)
        from airflow.timetables.trigger import DeltaTriggerTimetable

        return DeltaTriggerTimetable(schedule)
    from airflow.sdk.definitions.asset import BaseAsset

    if isinstance(schedule, BaseAsset):
        from airflow.timetables.simple import AssetTriggeredTimetable

        return AssetTriggeredTimetable(schedule)
    if isinstance(schedule, Collection):
        from airflow.timetables.simple import AssetTriggeredTimetable

        if not all(isinstance(item, BaseAsset) for item in schedule):
            raise ValueError(f"the schedule of DAG {dag.dag_id!r} is a list, so all of its items must be assets")
        return AssetTriggeredTimetable(schedule)
    raise ValueError(f"the schedule of DAG {dag.dag_id!r} can't be {schedule!r}")


def _from_text(dag: DAG, text: str) -> Timetable:
    if text == "@once":
        from airflow.timetables.simple import OnceTimetable

        return OnceTimetable()
    if text == "@continuous":
        from airflow.timetables.simple import ContinuousTimetable

        if dag.max_active_runs is None:
            dag.max_active_runs = 1
        if dag.max_active_runs > 1:
            raise ValueError(
                f"DAG {dag.dag_id!r} is @continuous, so max_active_runs must be 1, not {dag.max_active_runs}"
            )
        return ContinuousTimetable()
    if dag._old_style_schedule or _configured("create_cron_data_intervals"):
        from airflow.timetables.interval import CronDataIntervalTimetable

        return CronDataIntervalTimetable(text, dag._tzinfo)
    from airflow.timetables.trigger import CronTriggerTimetable

    return CronTriggerTimetable(text, timezone=dag._tzinfo)


def _configured(option: str) -> bool:
    from airflow.configuration import conf

    return conf.getboolean("scheduler", option, fallback=False)
