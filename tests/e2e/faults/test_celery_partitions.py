"""Brokers and workers that are restarted or cut off for longer than every timeout, with 500 tasks in flight.

`make celery-faults` runs these, as root: networks are cut by taking the only cable of a network namespace.
"""

from __future__ import annotations

import contextlib

import pytest
from brokers import RabbitBroker, RedisBroker
from crowd import TASKS, Crowd, said
from island import Island
from system import wait_for
from test_celery import cluster, start_worker, wait_worker
from test_celery_faults import kill_machine, scheduler

BACK = "messages come from the broker"


@pytest.fixture
def island():
    island = Island()
    yield island
    island.remove()


@contextlib.contextmanager
def running(broker):
    """A broker that is stopped when the test is over."""
    try:
        yield broker
    finally:
        broker.stop()


def wait_back(worker, times: int = 2):
    wait_for("the way back", lambda: worker.output().count(BACK) >= times, 90)
    return said(worker, "away_s=")


def in_the_queue(broker, count):
    """Waits until so many messages are in the queue."""

    def waiting():
        if isinstance(broker, RedisBroker):
            return int(broker.cli("llen", "default"))
        lines = broker.ctl("list_queues", "name", "messages_ready").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("default"))

    wait_for("the rest in the queue", lambda: waiting() == count, 60, 0.2)


def begin(home, broker):
    """A worker that has 16 tasks which do not end, and all others in the queue."""
    crowd = Crowd(home)
    worker = start_worker(home, "w1", "--concurrency", "16")
    wait_worker(worker)
    crowd.hold()
    run_id = home.trigger("crowd")
    crowd.wait_begun(16)
    in_the_queue(broker, TASKS - 16)
    return crowd, worker, run_id


def test_redis_that_keeps_its_messages_is_restarted(pg_home, tmp_path):
    with running(RedisBroker(tmp_path, options=["appendonly yes", "appendfsync always"])) as redis:
        crowd, worker, run_id = begin(cluster(pg_home, redis.url), redis)
        redis.kill()
        said(worker, "the connection to the broker is lost")
        crowd.go_on()
        wait_for("ends without a broker", lambda: crowd.count("done") == 16)
        redis.start()
        wait_back(worker)
        crowd.check(run_id)
        wait_for("acknowledgements", lambda: redis.cli("hlen", "unacked").strip() == "0")


@pytest.mark.parametrize("kind", [RedisBroker, RabbitBroker])
def test_a_broker_behind_a_broken_network(pg_home, tmp_path, island, kind):
    with running(kind(tmp_path, island.inside, island.prefix)) as broker:
        home = cluster(pg_home, broker.url)
        crowd, worker, run_id = begin(home, broker)
        island.cut()
        said(worker, "the connection to the broker is lost")
        crowd.go_on()
        wait_for("ends without a broker", lambda: crowd.count("done") == 16)
        late = home.trigger("many")
        said(scheduler(home), "tries wait in the scheduler until the broker is back")
        island.mend()
        said(scheduler(home), "the broker is back")
        wait_back(worker)
        crowd.check(run_id)
        home.wait_run("many", late)


def test_rabbitmq_that_is_restarted(pg_home, tmp_path):
    with running(RabbitBroker(tmp_path)) as rabbit:
        crowd, worker, run_id = begin(cluster(pg_home, rabbit.url), rabbit)
        rabbit.down()
        said(worker, "the connection to the broker is lost")
        crowd.go_on()
        wait_for("ends without a broker", lambda: crowd.count("done") == 16)
        rabbit.start()
        wait_back(worker)
        crowd.check(run_id)
        said(worker, "a message whose try is not queued any more is dropped")


def test_rabbitmq_that_is_emptied(pg_home, tmp_path):
    with running(RabbitBroker(tmp_path)) as rabbit:
        home = cluster(pg_home, rabbit.url)
        crowd, _, run_id = begin(home, rabbit)
        rabbit.ctl("purge_queue", "default")
        crowd.go_on()
        crowd.check(run_id)
        said(scheduler(home), "no message tells of any more")


def test_a_worker_that_is_cut_off_from_everything(pg_home, tmp_path, island):
    """Longer than every timeout of server and broker: others run its tasks, and it is of use again when it is back."""
    with running(RedisBroker(tmp_path, "0.0.0.0")) as redis:
        home = pg_home
        home.env["AIRFLOW__API__HOST"] = "0.0.0.0"
        # Far more than a busy machine needs for an answer, so that only the cut makes a worker silent.
        timeout = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20"}
        cluster(home, f"redis://127.0.0.1:{redis.port}/0", **timeout)
        far = {
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{island.outside}:{home.port}/execution/",
            "AIRFLOW__CELERY__BROKER_URL": f"redis://{island.outside}:{redis.port}/0",
        }
        crowd = Crowd(home)
        cut = start_worker(home, "w1", "--concurrency", "16", env=far, prefix=island.prefix)
        wait_worker(cut)
        crowd.hold()
        run_id = home.trigger("crowd")
        crowd.wait_begun(16)
        in_the_queue(redis, TASKS - 16)
        near = start_worker(home, "w2", "--concurrency", "16")
        wait_for("16 more", lambda: crowd.count("begun") == 32)
        island.cut()
        said(cut, "takes these tries as lost")
        said(scheduler(home), "a running try was lost")
        said(cut, "the connection to the broker is lost")
        island.mend()
        wait_back(cut)
        crowd.go_on()
        crowd.check(run_id, at_most=3)
        said(cut, "the try was not ours any more")
        assert near.popen.poll() is None


def test_a_scheduler_that_is_killed_while_the_broker_is_away(pg_home, tmp_path, island):
    """What it had not sent yet is sent by the other one, and each task still runs once."""
    with running(RedisBroker(tmp_path, island.inside, island.prefix)) as redis:
        home = pg_home
        home.env |= {
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "4",
            "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
        }
        cluster(home, redis.url)
        crowd = Crowd(home)
        worker = start_worker(home, "w1", "--concurrency", "16")
        wait_worker(worker)
        island.cut()
        said(worker, "the connection to the broker is lost")
        run_id = home.trigger("crowd")
        said(scheduler(home), "tries wait in the scheduler until the broker is back")
        scheduler(home).kill()
        second = home.start("scheduler", name="second scheduler")
        island.mend()
        wait_back(worker)
        crowd.check(run_id)
        said(second, "queued tries of a run are handed over again")


def test_a_worker_that_is_killed_with_rabbitmq(pg_home, tmp_path):
    with running(RabbitBroker(tmp_path)) as rabbit:
        home = cluster(pg_home, rabbit.url)
        crowd, worker, run_id = begin(home, rabbit)
        kill_machine(worker)
        crowd.go_on()
        wait_worker(start_worker(home, "w2", "--concurrency", "16"))
        crowd.check(run_id, at_most=2)
        said(scheduler(home), "a running try was lost")
