"""Writes expected firing times of random cron expressions: `python generate.py [rows] [seed] > fixture.tsv`.

Needs croniter (7.0.0) and, to check the zoned rows, apache-airflow-core (3.3.2). Rows, separated by tabs:

    N  expression  wall clock  next  previous          croniter on a plain wall clock
    Z  expression  zone  instant  next  previous       in a time zone, seconds since the epoch
    E  expression                                      croniter refuses it

`-` is "never" (within 50 years). The Z rows come from `Oracle`, which enumerates; where Airflow's CronMixin gives
another answer, the clocks must change close by, or the row is an error here: `deviations` on stderr counts them.
"""

import datetime as dt
import random
import sys
import zoneinfo

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Asuncion",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Antarctica/Troll",
    "America/Havana",
]
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()


class Expressions:
    """Random expressions, most of them right."""

    def __init__(self, rng):
        self.rng = rng

    def value(self, low, high, names):
        n = self.rng.randint(low, high)
        if names and self.rng.random() < 0.3:
            name = names[(n - low) % len(names)]
            return self.rng.choice([name, name.upper(), name.title()])
        return str(n)

    def item(self, low, high, names):
        kind = self.rng.random()
        value = lambda: self.value(low, high, names)  # noqa: E731
        step = self.rng.choice([1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 100])
        if kind < 0.45:
            return value()
        if kind < 0.65:
            return f"{value()}-{value()}"
        if kind < 0.8:
            return f"*/{step}"
        if kind < 0.9:
            return f"{value()}-{value()}/{step}"
        return f"{value()}/{step}"

    def field(self, low, high, names=(), star=0.4):
        if self.rng.random() < star:
            return "*"
        return ",".join(self.item(low, high, names) for _ in range(self.rng.choice([1, 1, 1, 2, 3])))

    def day_of_month(self):
        kind = self.rng.random()
        if kind < 0.06:
            return self.rng.choice(["L", "l", "1,L", "28-L", "15,L"])
        if kind < 0.1:
            return self.rng.choice(["1W", "15W", "31W", "W7", "30w"])
        if kind < 0.13:
            return "?"
        return self.field(1, 31, star=0.6)

    def day_of_week(self):
        kind = self.rng.random()
        if kind < 0.05:
            return self.rng.choice(["mon#1", "5#3", "fri#5", "mon-wed#2", "1#1,1#3", "7#1", "2#4,L2", "sun#5"])
        if kind < 0.09:
            return self.rng.choice(["L5", "l0", "L7", "L1,L3"])
        if kind < 0.12:
            return "?"
        return self.field(0, 7, DAYS, star=0.6)

    def __call__(self):
        rng = self.rng
        if rng.random() < 0.03:
            return rng.choice(["@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually", "@midnight"])
        hour = rng.choice(["*", "*", "*/2", "2", "1-3", "0", "3", "23"]) if rng.random() < 0.5 else self.field(0, 23)
        fields = [self.field(0, 59), hour, self.day_of_month(), self.field(1, 12, MONTHS, 0.7), self.day_of_week()]
        kind = rng.random()
        if kind < 0.12:
            fields.append(self.field(0, 59))
        elif kind < 0.18:
            fields += [self.field(0, 59), rng.choice(["*", "2020-2024", "2010/3", "2016,2024", "1999", "2030"])]
        return " ".join(fields)

    def wrong(self):
        """An expression with one field spoilt; it may still be right."""
        fields = self().split()
        at = self.rng.randrange(len(fields))
        fields[at] = self.rng.choice(
            [
                "60",
                "24",
                "32",
                "0",
                "13",
                "8",
                "-1",
                "1-",
                "-",
                "*/0",
                "*/x",
                "1/",
                "/2",
                "a",
                "mon",
                "jan",
                "?",
                "?,1",
                "L",
                "L9",
                "5L",
                "1#0",
                "1#6",
                "1#",
                "#1",
                "*#1",
                "1-5#2",
                "15W,1",
                "LW",
                "0W",
                "32W",
                "",
                "1,,2",
                "1,",
                "H",
                "H/5",
                "2#1,3",
                "mon,L5",
                "1-99",
                "99-1",
                "5-5",
                "7-7",
                "59/15",
                "*-5",
                "1-5/2/3",
                "1.5",
                "1 2",
                "0-3",
                "**",
                "*,5",
                "L-5",
                "L/2",
                "sun-mon#1",
                "2100",
                "1969",
                "0-0",
            ]
        )
        return " ".join(fields)


class Oracle:
    """Enumerates the firing times around an instant, from croniter's matches on a plain wall clock."""

    MARGIN = dt.timedelta(hours=50)

    def __init__(self, expression, zone):
        self.expression = expression
        self.zone = zoneinfo.ZoneInfo(zone)
        hours = croniter(expression).expanded[1]
        self.every_hour = "*" in hours or len(hours) == 24

    def instants(self, wall):
        """When the zone's clock shows `wall`, as far as that counts."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        shown = [at for at in (first, second) if at.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == wall]
        if not shown:
            # Skipped. `fold=0` reads it with the offset before the change: as much later as was skipped.
            return [] if self.every_hour else [seconds(first)]
        return sorted({seconds(at) for at in (shown if self.every_hour else shown[-1:])})

    def margin(self, at):
        """How far around an instant to look: nowhere, when clocks run on for days."""
        days = range(-4, 5)
        offsets = {dt.datetime.fromtimestamp(at + day * 86400, self.zone).utcoffset() for day in days}
        return self.MARGIN if len(offsets) > 1 else dt.timedelta(0)

    def search(self, at, forward):
        local = dt.datetime.fromtimestamp(at, self.zone).replace(tzinfo=None)
        step = 1 if forward else -1
        cron = croniter(self.expression, local - step * self.margin(at))
        best, seen = None, None
        while True:
            try:
                wall = cron.get_next(dt.datetime) if forward else cron.get_prev(dt.datetime)
            except CroniterBadDateError:
                return best
            if best is not None and step * (wall - seen) > self.margin(best):
                return best
            for instant in self.instants(wall):
                if step * (instant - at) > 0 and (best is None or step * (best - instant) > 0):
                    best, seen = instant, wall


def seconds(at):
    return int(at.timestamp())


def plain(expression, wall):
    cron = croniter(expression, wall)
    answers = []
    for step in (cron.get_next, cron.get_prev):
        cron.set_current(wall)
        try:
            answers.append(step(dt.datetime).isoformat())
        except CroniterBadDateError:
            answers.append("-")
    return answers


def airflow_answers(expression, zone, at):
    import pendulum
    from airflow.timetables.interval import CronDataIntervalTimetable

    timetable = CronDataIntervalTimetable(expression, zone)
    current = pendulum.from_timestamp(at)
    answers = []
    for step in (timetable._get_next, timetable._get_prev):
        try:
            answers.append(seconds(step(current)))
        except CroniterBadDateError:
            answers.append(None)
    return answers


def clocks_change(zone, one, other):
    """Whether the offset changes between two instants, or within a day of them."""
    zone = zoneinfo.ZoneInfo(zone)
    low, high = sorted((one, other))
    offsets = {
        dt.datetime.fromtimestamp(at, zone).utcoffset()
        for at in [*range(low - 90000, high + 90000, max(3600, (high - low) // 2000)), high + 90000]
    }
    return len(offsets) > 1


def changes(zone):
    """Instants around which the zone's clock jumps, 2005 to 2024."""
    zone = zoneinfo.ZoneInfo(zone)
    found, before = [], None
    for at in range(seconds(dt.datetime(2005, 1, 1, tzinfo=UTC)), seconds(dt.datetime(2024, 12, 31, tzinfo=UTC)), 3600):
        offset = dt.datetime.fromtimestamp(at, zone).utcoffset()
        if before is not None and offset != before:
            found.append(at)
        before = offset
    return found


def main(rows=3000, seed=20240101):
    rng = random.Random(seed)
    expressions = Expressions(rng)
    jumps = {zone: changes(zone) for zone in ZONES}
    written = dict.fromkeys("NZE", 0)
    deviations = {"close": 0, "compared": 0}
    start, end = (seconds(dt.datetime(y, 1, 1, tzinfo=UTC)) for y in (2005, 2025))
    while sum(written.values()) < rows:
        expression = expressions.wrong() if rng.random() < 0.12 else expressions()
        try:
            croniter(expression)
        except CroniterBadCronError:
            print("E", expression, sep="\t")
            written["E"] += 1
            continue
        if rng.random() < 0.4:
            wall = EPOCH + dt.timedelta(seconds=rng.randrange(start, end))
            if rng.random() < 0.3:
                wall = wall.replace(minute=0, second=0)
            print("N", expression, wall.isoformat(), *plain(expression, wall), sep="\t")
            written["N"] += 1
            continue
        zone = rng.choice(ZONES)
        if jumps[zone] and rng.random() < 0.7:
            at = rng.choice(jumps[zone]) + rng.randrange(-200, 200) * rng.choice([60, 300, 900])
        else:
            at = rng.randrange(start, end)
        if rng.random() < 0.3:
            at -= at % 1800
        oracle = Oracle(expression, zone)
        answers = [oracle.search(at, True), oracle.search(at, False)]
        for ours, theirs in zip(answers, airflow_answers(expression, zone, at), strict=True):
            deviations["compared"] += 1
            if ours != theirs:
                if (
                    ours is not None
                    and theirs is not None
                    and not clocks_change(zone, ours, theirs)
                    and not clocks_change(zone, at, ours)
                ):
                    raise SystemExit(f"unexplained: {expression!r} {zone} {at}: {ours}, Airflow {theirs}")
                deviations["close"] += 1
        print("Z", expression, zone, at, *("-" if a is None else a for a in answers), sep="\t")
        written["Z"] += 1
    print(written, deviations, file=sys.stderr)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
