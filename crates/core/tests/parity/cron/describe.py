"""Writes cron expressions and how Airflow describes them: `python describe.py [rows] [seed] > descriptions.tsv`.

Needs apache-airflow-core (3.3.2) with cron-descriptor 2. Rows: expression, description, separated by a tab.
"""

import random
import sys

from airflow.timetables.interval import CronDataIntervalTimetable
from croniter import CroniterBadCronError, croniter
from generate import DAYS, MONTHS, Expressions

COMMON = (
    """
0 0 * * *|@daily|@hourly|@weekly|@monthly|@quarterly|@yearly|*/5 * * * *|* * * * *|0 * * * *|30 * * * *
0 */2 * * *|*/15 9-17 * * 1-5|0 9-17 * * *|5 4 * * sun|0 22 * * 1-5|23 0-20/2 * * *|0 0,12 1 */2 *
0 4 8-14 * *|0 0 1,15 * 3|15 14 1 * *|0 5 * * MON|30 6,14,16 * * *|0-10 11 * * *|* 3 * * *|*/10 3 * * *
0 0 L * *|0 0 15W * *|0 0 * * mon#2|0 0 * * L5|0 0 1 1 *|0 0 * 2-4 *|10,20,30 * * * *|1,2 * * * *|0 0 * * 0,6
0 0 * * sat,sun|0 12 ? * 1|05 07 * * *|0 0 */3 * *|0/20 * * * *
""".strip()
    .replace("\n", "|")
    .split("|")
)


class Plain(Expressions):
    """Mostly shapes that people write."""

    def field(self, low, high, names=(), star=0.4):
        kind = self.rng.random()
        if kind < star:
            return "*"
        value = lambda: self.value(low, high, names)  # noqa: E731
        if kind < star + 0.25:
            return value()
        if kind < star + 0.35:
            return f"*/{self.rng.choice([1, 2, 3, 5, 10, 15])}"
        if kind < star + 0.45:
            a, b = sorted((self.rng.randint(low, high), self.rng.randint(low, high)))
            return f"{a}-{b}"
        if kind < star + 0.55:
            return ",".join(value() for _ in range(self.rng.choice([2, 3, 4])))
        return super().field(low, high, names, star)


def main(rows=700, seed=7):
    plain = Plain(random.Random(seed))
    random_ones = (
        " ".join(
            [plain.field(0, 59), plain.field(0, 23), plain.field(1, 31, star=0.7), plain.field(1, 12, MONTHS, 0.7)]
            + [plain.field(0, 6, DAYS, 0.7)]
        )
        for _ in iter(int, 1)
    )
    for expression in COMMON:
        print(expression, CronDataIntervalTimetable(expression, "UTC").description, sep="\t")
    written = len(COMMON)
    while written < rows:
        expression = next(random_ones)
        try:
            croniter(expression)
        except CroniterBadCronError:
            continue
        description = CronDataIntervalTimetable(expression, "UTC").description
        if description:
            print(expression, description, sep="\t")
            written += 1


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
