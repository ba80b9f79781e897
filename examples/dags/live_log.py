"""A task that talks for a minute: open it in the web interface and watch its log grow."""

from __future__ import annotations

import logging
import sys
import time
from datetime import datetime, timedelta

from airflow.sdk import dag, task


@dag(
    schedule=None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["example", "logs"],
    params={"seconds": 60},
)
def live_log():
    @task(execution_timeout=timedelta(minutes=10))
    def count_down(params: dict | None = None) -> None:
        log = logging.getLogger(__name__)
        for left in range(int(params["seconds"]), 0, -1):
            print(f"{left} seconds to go")
            if left % 10 == 0:
                log.warning("another ten seconds are over")
            if left % 25 == 0:
                print("this line goes to stderr", file=sys.stderr)
            time.sleep(1)
        log.info("done")

    count_down()


live_log()
