"""Writes what Airflow's timetables answer: `python generate.py [rows] [seed] > fixture.tsv`.

Needs apache-airflow-core (3.3.2). Rows, separated by tabs; instants in microseconds since the epoch, `-` is none:

    spec (JSON)  last start  last end  earliest  latest  catchup  now
                 next start  next end  run after  manual start  manual end

Instants keep a distance of ten days from changes of the clock in the zones used here; what happens close to
those is the business of the cron fixture.
"""

import datetime as dt
import json
import random
import sys
from unittest import mock

import pendulum
from airflow.timetables import events, interval, simple, trigger
from airflow.timetables.base import DataInterval, TimeRestriction
from dateutil.relativedelta import MO, relativedelta

CRONS = [
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    "*/5 * * * *",
    "*/7 3-5 * * *",
    "30 2 * * *",
    "0 9 * * 1-5",
    "15 6 1,15 * *",
    "0 0 L * *",
    "0 0 29 2 *",
    "0 0 31 2 *",
    "0 12 * * 1#2",
    "0 3,15 * * 0",
]
# Around midsummer and midwinter no clock changes in these.
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"]
MINUTE = dt.timedelta(minutes=1)


def random_delta(rng):
    """A delta as data and as Python has it."""
    if rng.random() < 0.6:
        seconds = rng.choice([60, 300, 3600, 5400, 86400, 604800, 0.5, 1234.25, 90000])
        return seconds, dt.timedelta(seconds=seconds)
    fields = rng.choice(
        [
            {"months": 1},
            {"years": 1},
            {"days": 1},
            {"weeks": 2},
            {"months": 2, "days": 3},
            {"hours": 6, "minutes": 30},
            {"months": 1, "day": 1},
            {"days": 1, "hour": 4, "minute": 0, "second": 0, "microsecond": 0},
        ]
    )
    if rng.random() < 0.1:
        return {"days": 1, "weekday": [0, 1]}, relativedelta(days=1, weekday=MO(1))
    return fields, relativedelta(**fields)


def random_timetable(rng, now):
    """A timetable as data, and Airflow's."""
    kind = rng.choice(
        ["null", "once", "continuous", "events"] + ["cron", "delta"] * 4 + ["cron_t", "delta_t", "many"] * 2
    )
    cron, zone = rng.choice(CRONS), rng.choice(ZONES)
    if kind == "null":
        return {"type": "null"}, simple.NullTimetable()
    if kind == "once":
        return {"type": "once"}, simple.OnceTimetable()
    if kind == "continuous":
        return {"type": "continuous"}, simple.ContinuousTimetable()
    if kind == "events":
        dates = [near(rng, now, 5) for _ in range(rng.randrange(5))]
        restrict = rng.random() < 0.5
        spec = {"type": "events", "dates": [at.isoformat() for at in dates], "restrict_to_events": restrict}
        return spec, events.EventsTimetable(dates, restrict_to_events=restrict)
    if kind == "cron":
        spec = {"type": "cron_data_interval", "cron": cron, "timezone": zone}
        return spec, interval.CronDataIntervalTimetable(cron, zone)
    spec, delta = random_delta(rng)
    if kind == "delta":
        fields = spec if isinstance(spec, dict) else {"seconds": spec}
        return {"type": "delta_data_interval", **fields}, interval.DeltaDataIntervalTimetable(delta)
    span, interval_delta = rng.choice([(0, dt.timedelta()), (3600, dt.timedelta(hours=1)), random_delta(rng)])
    if kind == "delta_t":
        timetable = trigger.DeltaTriggerTimetable(delta, interval=interval_delta)
        return {"type": "delta_trigger", "delta": spec, "interval": span}, timetable
    immediately = rng.choice([True, False, None, 600, 7200])
    options = {"interval": span, "run_immediately": immediately, "timezone": zone}
    python = dict(interval=interval_delta, timezone=zone, run_immediately=immediately)
    if immediately is not None and not isinstance(immediately, bool):
        python["run_immediately"] = dt.timedelta(seconds=immediately)
    if kind == "cron_t":
        return {"type": "cron_trigger", "cron": cron, **options}, trigger.CronTriggerTimetable(cron, **python)
    # An expression that never fires makes Airflow drop the others too, and with an interval it prefers the farthest
    # run to come over one that is due; both are left out.
    options["interval"], python["interval"] = 0, dt.timedelta()
    crons = rng.sample([cron for cron in CRONS if cron != "0 0 31 2 *"], rng.choice([1, 2, 3]))
    return (
        {"type": "multiple_cron_trigger", "crons": crons, **options},
        trigger.MultipleCronTriggerTimetable(*crons, **python),
    )


def near(rng, now, days=20):
    at = now + rng.uniform(-days, days) * 1440 * MINUTE
    return round_some(rng, at)


def round_some(rng, at):
    kind = rng.random()
    if kind < 0.4:
        return at.replace(minute=0, second=0, microsecond=0)
    if kind < 0.7:
        return at.replace(hour=0, minute=0, second=0, microsecond=0)
    return at


def micros(at):
    return "-" if at is None else str(round(at.timestamp() * 1_000_000))


def ask(timetable, last, restriction, now):
    with (
        mock.patch("airflow.timetables.interval.utcnow", lambda: now),
        mock.patch("airflow.timetables.trigger.utcnow", lambda: now),
        mock.patch("airflow.timetables.trigger.time.time", now.timestamp),
        mock.patch("airflow._shared.timezones.timezone.utcnow", lambda: now),
    ):
        try:
            run = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        except Exception as error:  # Airflow logs whatever happens and schedules nothing.
            if "failed to find" not in str(error):
                raise
            run = None
        try:
            manual = timetable.infer_manual_data_interval(run_after=now)
        except Exception as error:
            if "failed to find" not in str(error):
                raise
            manual = None
    return run, manual


def main(rows=1200, seed=3):
    rng = random.Random(seed)
    for _ in range(rows):
        middle = rng.choice([pendulum.datetime(y, m, 5) for y in range(2015, 2025) for m in (1, 7)])
        now = round_some(rng, middle + rng.uniform(-20, 20) * 1440 * MINUTE)
        spec, timetable = random_timetable(rng, now)
        begin = near(rng, now)
        kind = rng.random()
        if kind < 0.35:
            last = None
        elif kind < 0.5:
            last = DataInterval.exact(begin)
        else:
            manual = ask(timetable, None, TimeRestriction(None, None, True), begin)[1] if rng.random() < 0.6 else None
            if manual and manual.start > manual.end:  # An absolute weekday leads backwards.
                manual = None
            if manual and manual.start > manual.end:  # An absolute weekday leads backwards.
                manual = None
            last = manual or DataInterval(begin, begin + rng.choice([60, 1440, 77]) * MINUTE)
        earliest = rng.choice([None, near(rng, now), near(rng, now)])
        latest = rng.choice([None, None, None, near(rng, now)])
        restriction = TimeRestriction(earliest, latest, rng.random() < 0.5)
        run, manual = ask(timetable, last, restriction, now)
        row = [
            json.dumps(spec, separators=(",", ":")),
            *(map(micros, last) if last else "--"),
            micros(earliest),
            micros(latest),
        ]
        row += [str(int(restriction.catchup)), micros(now)]
        row += [micros(run.logical_date), micros(run.data_interval.end), micros(run.run_after)] if run else ["-"] * 3
        row += map(micros, manual) if manual else "--"
        print(*row, sep="\t")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
