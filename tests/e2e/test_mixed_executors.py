"""Several executors at once: by queue, by task, by DAG. What runs in a pod, on a worker, beside the scheduler."""

from __future__ import annotations

import pytest
from executors import World

SOURCE = """
from airflow.sdk import dag, task

def whereabouts():
    import os
    return "pod" if "TRADEWIND_POD" in os.environ else os.path.basename(os.environ["AIRFLOW_HOME"])

@dag(schedule=None)
def by_queue():
    task(task_id="ordinary")(whereabouts)()
    task(task_id="heavy", queue="{queue}")(whereabouts)()

@dag(schedule=None)
def by_task():
    task(task_id="ordinary")(whereabouts)()
    task(task_id="heavy", executor="{name}")(whereabouts)()

@dag(schedule=None, default_args={{"executor": "{name}"}})
def by_dag():
    task(task_id="heavy")(whereabouts)()
    task(task_id="ordinary", executor="{first}")(whereabouts)()

{dags}
"""


@pytest.fixture
def begin(binary, postgres, tmp_path):
    worlds = []

    def begin(executor, source, *dag_ids, **env):
        world = World(executor, binary, tmp_path, postgres.fresh_database(), **env)
        worlds.append(world)
        world.home.dag("mixed.py", source)
        world.begin()
        for dag_id in dag_ids:
            world.home.wait_dag(dag_id)
        return world

    yield begin
    for world in worlds:
        world.close()


def check(world, dag_id, ordinary):
    """`heavy` ran in a pod, the only one, and `ordinary` in that home: the scheduler's or a worker's."""
    home, before = world.home, world.pods.created
    run_id = home.trigger(dag_id)
    home.wait_run(dag_id, run_id)
    tasks = home.tasks(dag_id, run_id)
    assert world.pods.created == before + 1
    assert tasks["heavy"]["hostname"].startswith(f"{dag_id.replace('_', '-')}-heavy-")
    for task_id, where in (("heavy", "pod"), ("ordinary", ordinary)):
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        assert home.get(path)["value"] == where
    return tasks


BY_QUEUE = [
    ("LocalKubernetesExecutor", "AIRFLOW__LOCAL_KUBERNETES_EXECUTOR__KUBERNETES_QUEUE", "home"),
    ("CeleryKubernetesExecutor", "AIRFLOW__CELERY_KUBERNETES_EXECUTOR__KUBERNETES_QUEUE", "w1"),
]


@pytest.mark.parametrize(("executor", "option", "ordinary"), BY_QUEUE)
def test_tasks_of_one_queue_run_in_pods(begin, executor, option, ordinary):
    source = SOURCE.format(queue="pods", name="", first="", dags="by_queue()")
    world = begin(executor, source, "by_queue", **{option: "pods"})
    tasks = check(world, "by_queue", ordinary)
    assert tasks["heavy"]["queue"] == "pods"


SEVERAL = [
    ("LocalExecutor,KubernetesExecutor", "KubernetesExecutor", "home"),
    ("CeleryExecutor,KubernetesExecutor:pods", "pods", "w1"),
]


@pytest.mark.parametrize(("executors", "name", "ordinary"), SEVERAL)
def test_tasks_and_dags_name_their_executor(begin, executors, name, ordinary):
    first = executors.split(",")[0]
    source = SOURCE.format(queue="", name=name, first=first, dags="by_task(); by_dag()")
    world = begin(executors, source, "by_task", "by_dag")
    check(world, "by_task", ordinary)
    check(world, "by_dag", ordinary)
