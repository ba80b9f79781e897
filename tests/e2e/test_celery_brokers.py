"""Brokers with Sentinels, TLS, logins, priorities and impatience: real ones, with the real Celery and Flower beside them."""

from __future__ import annotations

import pathlib

import pytest
from authority import Authority
from brokers import Flower, RabbitBroker, RedisBroker, Sentinels, celery, inspect
from crowd import Crowd, said
from system import wait_for
from test_celery import cluster, start_worker, wait_worker
from test_celery_faults import kill_machine, scheduler

TRANSPORT = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__"
PASSWORD = "a-word-that-nobody-must-see"

ORDER = """
from airflow.sdk import dag, task

@dag(schedule=None)
def order():
    for name, weight in (("low", 1), ("middle", 2), ("high", 4), ("highest", 9)):
        @task(task_id=name, priority_weight=weight, weight_rule="absolute")
        def note(name=name):
            with open("{file}", "a") as out:
                out.write(name + "\\n")
        note()
order()
"""


@pytest.fixture
def stopped():
    """What is put in is stopped when the test is over."""
    things = []
    yield things
    for thing in things:
        thing.stop()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def ssl(files, ca=None):
    """The options of `[celery]` for certificates."""
    options = {"ACTIVE": "True", "CACERT": str(ca or files["ca"]), "CERT": files["cert"], "KEY": files["key"]}
    return {f"AIRFLOW__CELERY__SSL_{name}": value for name, value in options.items()}


def see_in_flower(home, url):
    """Flower speaks to the broker as the workers do, and sees w1."""
    flower = Flower(home, url)
    wait_for("the worker in Flower", lambda: "celery@w1" in flower.get("/api/workers", refresh="1").json(), 30)
    return flower


def test_a_sentinel_names_another_master_while_tasks_flow(pg_home, tmp_path, stopped):
    sentinels = Sentinels(tmp_path)
    stopped.append(sentinels)
    home = cluster(pg_home, sentinels.url, **{f"{TRANSPORT}MASTER_NAME": "boss"})
    crowd = Crowd(home)
    worker = start_worker(home, "w1", "--concurrency", "4")
    wait_worker(worker)
    run_id = home.trigger("crowd")
    wait_for("some of them", lambda: crowd.count("done") > crowd.tasks // 8)
    sentinels.master.kill()
    said(worker, "the connection to the broker is lost")
    wait_for("the new master", lambda: "role:master" in sentinels.replica.cli("info", "replication"))
    crowd.check(run_id)
    wait_for("the way back", lambda: worker.output().count("messages come from the broker") >= 2)
    # The old master comes back as a replica, and nobody minds.
    sentinels.master.start()
    home.wait_run("many", home.trigger("many"))
    assert home.cli_json("celery", "list-workers")[0]["worker_name"] == "celery@w1"
    see_in_flower(home, sentinels.url)


@pytest.mark.parametrize("kind", [RedisBroker, RabbitBroker])
def test_certificates_of_an_own_authority(pg_home, tmp_path, stopped, authority, kind):
    broker = kind(tmp_path, certificates=authority.issue("broker"))
    stopped.append(broker)
    mine = authority.issue("me")
    home = cluster(pg_home, broker.url, **ssl(mine))
    worker = start_worker(home, "w1", "--concurrency", "4")
    wait_worker(worker)
    home.wait_run("many", home.trigger("many"))
    assert home.cli_json("celery", "list-workers")[0]["worker_name"] == "celery@w1"
    see_in_flower(home, broker.url)

    def refusal(**env):
        done = home.cli("celery", "list-workers", ok=False, env=env)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    stranger = Authority(tmp_path, "stranger")
    assert "name its certificate in [celery] ssl_cacert" in refusal(**ssl(mine, ca=stranger.ca))
    assert "not signed by an authority that is known here" in refusal(AIRFLOW__CELERY__SSL_CACERT="")
    assert "[celery] ssl_cert must be signed by its authority" in refusal(**ssl(stranger.issue("me"), ca=authority.ca))
    assert "name it in [celery] ssl_cert" in refusal(AIRFLOW__CELERY__SSL_MUTUAL_TLS="False")
    done = home.cli("celery", "list-workers", ok=False, env={"AIRFLOW__CELERY__SSL_CACERT": str(tmp_path / "none.pem")})
    assert done.returncode == 2 and "none.pem, which cannot be read" in done.stderr


def test_tls_to_a_port_without_it_is_explained(home, tmp_path, stopped):
    broker = RedisBroker(tmp_path)
    stopped.append(broker)
    url = broker.url.replace("redis://", "rediss://")
    done = home.cli("celery", "list-workers", ok=False, env={"AIRFLOW__CELERY__BROKER_URL": url})
    assert done.returncode == 1 and "if that port speaks no TLS" in done.stderr, done.stderr


def test_a_dead_workers_message_is_delivered_again(pg_home, tmp_path, stopped):
    """Redis has no connection that would tell: what is not acknowledged in time comes again, and does no harm."""
    redis = RedisBroker(tmp_path)
    stopped.append(redis)
    home = cluster(pg_home, redis.url, **{f"{TRANSPORT}VISIBILITY_TIMEOUT": "2"})
    crowd = Crowd(home, tasks=4)
    crowd.hold()
    # Longer than the timeout: the message of a task that still runs comes to its own worker and to another one.
    first = start_worker(home, "w1", "--concurrency", "4")
    wait_worker(first)
    run_id = home.trigger("crowd")
    crowd.wait_begun(4)
    second = start_worker(home, "w2", "--concurrency", "4")
    wait_for(
        "messages that come again",
        lambda: any("delivered again" in one.output() for one in (first, second)),
    )
    wait_for(
        "that they are dropped",
        lambda: (
            "came again whose try is here already" in first.output()
            or "not queued any more is dropped" in second.output()
        ),
    )
    kill_machine(first)
    crowd.go_on()
    crowd.check(run_id, at_most=2)
    wait_for("nothing left behind", lambda: redis.cli("hlen", "unacked").strip() == "0")
    said(scheduler(home), "a running try was lost")


def ordered(home, tmp_path, waiting):
    """The order in which one place runs four tasks that wait already."""
    file = tmp_path / "order"
    home.dag("order.py", ORDER.replace("{file}", str(file)))
    home.wait_dag("order")
    run_id = home.trigger("order")
    wait_for("four messages", lambda: waiting() == 4, 60, 0.2)
    wait_worker(start_worker(home, "w1", "--concurrency", "1"))
    home.wait_run("order", run_id)
    return file.read_text().split()


def test_priorities_on_redis(pg_home, tmp_path, stopped):
    redis = RedisBroker(tmp_path)
    stopped.append(redis)
    home = cluster(pg_home, redis.url, **{f"{TRANSPORT}PRIORITY_STEPS": "[0, 3, 6, 9]"})
    lists = ["default", *(f"default\x06\x16{step}" for step in (3, 6, 9))]

    def lengths():
        return [int(redis.cli("llen", name)) for name in lists]

    assert ordered(home, tmp_path, lambda: sum(lengths())) == ["highest", "high", "middle", "low"]


def test_priorities_on_rabbitmq(pg_home, tmp_path, stopped):
    rabbit = RabbitBroker(tmp_path)
    stopped.append(rabbit)
    steps = {f"{TRANSPORT}PRIORITY_STEPS": "[0, 3, 6, 9]"}
    home = cluster(pg_home, rabbit.url, **steps)

    def queues(what):
        lines = rabbit.ctl("list_queues", "name", what).splitlines()
        return dict(line.split("\t") for line in lines if line.startswith("default\t"))

    assert ordered(home, tmp_path, lambda: int(queues("messages").get("default", 0))) == [
        "highest",
        "high",
        "middle",
        "low",
    ]
    assert '"x-max-priority",9' in queues("arguments")["default"].replace(" ", "")
    # A queue keeps the priorities that it was made with; who asks for others is told what to do.
    other = start_worker(home, "w2", env={f"{TRANSPORT}PRIORITY_STEPS": "[0, 5]"})
    said(other, "a queue keeps the priorities that it was made with")


def test_passwords_are_nobodys_business(pg_home, tmp_path, stopped):
    """Of a user of Redis' access list: not in logs, configuration, Flower or errors."""
    redis = RedisBroker(tmp_path, login=("airflow", PASSWORD))
    stopped.append(redis)
    home = cluster(pg_home, redis.url)
    worker = start_worker(home, "w1", "--concurrency", "4")
    wait_worker(worker)
    run_id = home.trigger("remote")
    celery(redis.url, "control", "add_consumer", "other")
    home.wait_run("remote", run_id)
    flower = see_in_flower(home, redis.url)
    shown = [flower.get("/api/workers").text, flower.get("/broker").text, flower.get("/worker/celery@w1").text]
    shown += [str(inspect(redis.url, what, "celery@w1")) for what in ("conf", "stats", "report")]
    shown += [home.cli("config", "list").stdout, home.cli("info").stdout]
    shown += [home.log("remote", run_id, task) for task in ("whoami", "show", "shell")]
    wrong = {"AIRFLOW__CELERY__BROKER_URL": redis.url.replace(PASSWORD, PASSWORD + "-but-wrong")}
    done = home.cli("celery", "list-workers", ok=False, env=wrong)
    assert done.returncode == 1 and "refuses: the user or the password" in done.stderr, done.stderr
    shown += [done.stderr, done.stdout]
    shown += [process.output() for process in home.processes]
    arguments = [pathlib.Path(f"/proc/{one.pid}/cmdline").read_bytes().decode() for one in home.processes]
    assert not [text for text in [*shown, *arguments] if PASSWORD in text]


def test_a_login_that_rabbitmq_refuses(home, tmp_path, stopped):
    rabbit = RabbitBroker(tmp_path)
    stopped.append(rabbit)
    url = rabbit.url.replace("guest:guest", f"guest:{PASSWORD}")
    done = home.cli("celery", "list-workers", ok=False, env={"AIRFLOW__CELERY__BROKER_URL": url})
    assert done.returncode == 1 and "refuses" in done.stderr and PASSWORD not in done.stderr, done.stderr
    url = rabbit.url[:-2] + "/nowhere"
    done = home.cli("celery", "list-workers", ok=False, env={"AIRFLOW__CELERY__BROKER_URL": url})
    assert done.returncode == 1 and "refuses" in done.stderr and "nowhere" in done.stderr, done.stderr
