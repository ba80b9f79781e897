"""Many firing times of random cron expressions, densely: `python dense.py [rows] [seed] > dense.tsv`.

Needs croniter (7.0.0) alone. `dense.tsv` has the rows of the seeds 1 to 4, 2,650 of each. The first line names the zones. Then, separated by tabs:

    E  expression                                croniter refuses it
    C  expression  zone  anchor  sums            instants close to the anchor (a change of the zone's clocks)
    W  expression  zone  anchor  sums            instants far and wide around it

`zone` counts in the first line, `anchor` is in seconds since the epoch. The instants are the anchor plus each of
`CLOSE` or `WIDE`; `sums` has two characters for the firing time after each of them, and then two for the one before:
the distance in seconds modulo 3719, in base 62; `--` is never.

`python dense.py explain EXPRESSION ZONE INSTANT` writes what is expected around one instant. Expressions and what they
mean in a zone come from `generate.py`.
"""

import datetime as dt
import random
import sys
import time

from croniter import CroniterBadCronError, croniter
from generate import UTC, ZONES, Expressions, Oracle, changes, seconds

CLOSE = [0, 1, -1, 1800, -1800, 3600, -3599, 7213, -10800, 21600]
WIDE = [0, 1, -1, 86399, -86400, 432007, 3456000, -2851200, 17280000, -34560000]
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MODULUS = 3719


class NearOracle(Oracle):
    """The same answers with as little looking around as the zone's jumps need."""

    def margin(self, at):
        days = range(-4, 5)
        offsets = {dt.datetime.fromtimestamp(at + day * 86400, self.zone).utcoffset() for day in days}
        if len(offsets) == 1:
            return dt.timedelta(0)
        return max(offsets) - min(offsets) + dt.timedelta(hours=1)


def check_sum(distance):
    if distance is None:
        return "--"
    high, low = divmod(abs(distance) % MODULUS, 62)
    return DIGITS[high] + DIGITS[low]


def answers(expression, zone, instants):
    oracle = NearOracle(expression, zone)
    for forward in (True, False):
        for at in instants:
            found = oracle.search(at, forward)
            yield at, forward, found


def explain(expression, zone, at):
    for at, forward, found in answers(expression, zone, [int(at)]):
        shown = "never" if found is None else f"{found} ({dt.datetime.fromtimestamp(found, UTC).isoformat()})"
        print("after" if forward else "before", at, "comes" if forward else "came", shown)


def main(rows=10500, seed=20261121):
    rng = random.Random(seed)
    expressions = Expressions(rng)
    jumps = {zone: changes(zone) for zone in ZONES}
    start, end = (seconds(dt.datetime(y, 1, 1, tzinfo=UTC)) for y in (2005, 2025))
    print("#", *ZONES, sep="\t")
    written = refused = 0
    while written < rows:
        expression = expressions.wrong() if rng.random() < 0.12 else expressions()
        try:
            croniter(expression)
        except CroniterBadCronError:
            print("E", expression, sep="\t")
            refused += 1
            continue
        zone = rng.choice(ZONES)
        close = bool(jumps[zone]) and rng.random() < 0.5
        anchor = rng.choice(jumps[zone]) if close else rng.randrange(start, end)
        anchor -= anchor % rng.choice([1, 60, 3600])
        sums, began = [], time.process_time()
        for at, _, found in answers(expression, zone, [anchor + step for step in (CLOSE if close else WIDE)]):
            sums.append(check_sum(None if found is None else found - at))
            if time.process_time() - began > 0.5:
                break
        else:
            print("C" if close else "W", expression, ZONES.index(zone), anchor, "".join(sums), sep="\t", flush=True)
            written += 1
    print(f"seed {seed}: {written} rows, {written * 10} instants, {refused} refused", file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1:2] == ["explain"]:
        explain(*sys.argv[2:])
    else:
        main(*map(int, sys.argv[1:]))
