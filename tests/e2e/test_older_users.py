"""Users, roles and permissions of `/api/v1`, and rights to what a DAG file has in it."""

from __future__ import annotations

import pytest
import requests
from system import wait_for

ANN = ("ann", "a long enough password")
BOB = ("bob", "another long password")

SOURCE = """
from datetime import datetime
from airflow.sdk import DAG
from airflow.operators.bash import BashOperator

for dag_id in ("one", "two"):
    with DAG(dag_id, schedule=None, start_date=datetime(2024, 1, 1)):
        BashOperator(task_id="t", bash_command="true")
"""


@pytest.fixture
def guarded(home):
    """A home where everybody logs in, with an administrator."""
    home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
    home.dag("both.py", SOURCE)
    home.cli("db", "migrate")
    words = ("-e", "ann@example.org", "-f", "Ann", "-l", "Lee", "-r", "Admin", "-p", ANN[1])
    home.cli("users", "create", "-u", "ann", *words)
    home.standalone()
    return home


def test_users_roles_and_permissions_of_airflow_2(guarded):
    def ask(method, path, status=200, auth=ANN, **more):
        answer = requests.request(method, f"{guarded.url}/api/v1/{path}", auth=auth, timeout=30, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    read = {"action": {"name": "can_read"}, "resource": {"name": "DAG:one"}}
    edit = {"action": {"name": "can_edit"}, "resource": {"name": "DAG:one"}}
    assert ask("POST", "roles", json={"name": "ones", "actions": [read]})["name"] == "ones"
    ask("POST", "roles", 409, json={"name": "ones", "actions": []})
    assert {role["name"] for role in ask("GET", "roles")["roles"]} >= {"Admin", "Viewer", "ones"}
    assert len(ask("PATCH", "roles/ones", json={"name": "ones", "actions": [read, edit]})["actions"]) == 2
    new = {"username": "bob", "email": "bob@example.org", "first_name": "Bob", "last_name": "Ray"}
    ask("POST", "users", json=new | {"password": BOB[1], "roles": [{"name": "ones"}]})
    assert ask("GET", "users/bob")["roles"] == [{"name": "ones"}]
    assert ask("GET", "users", params={"limit": 1})["total_entries"] == 2
    changed = ask("PATCH", "users/bob", params={"update_mask": "last_name"}, json=new | {"last_name": "Rae"})
    assert changed["last_name"] == "Rae"
    actions = ask("GET", "permissions")
    assert {"name": "can_read"} in actions["actions"] and actions["total_entries"] == len(actions["actions"])
    for path in ("users", "roles", "permissions", "users/ann", "roles/Admin"):
        ask("GET", path, 403, auth=BOB)

    # A file is parsed again by who may edit all that is in it.
    wait_for("DAGs", lambda: len(ask("GET", "dags")["dags"]) == 2)
    token = ask("GET", "dags/one")["file_token"]
    refused = ask("PUT", f"parseDagFile/{token}", 403, auth=BOB)
    assert "two" in refused["detail"]
    two = {"action": {"name": "can_edit"}, "resource": {"name": "DAG:two"}}
    ask("PATCH", "roles/ones", json={"name": "ones", "actions": [read, edit, two]})
    ask("PUT", f"parseDagFile/{token}", 201, auth=BOB)

    # Names may change.
    assert ask("PATCH", "roles/ones", params={"update_mask": "name"}, json={"name": "both"})["name"] == "both"
    assert ask("GET", "users/bob")["roles"] == [{"name": "both"}] and two in ask("GET", "roles/both")["actions"]
    ask("PATCH", "roles/both", 400, params={"update_mask": "name"}, json={"name": "Op"})
    ask("PATCH", "users/bob", 409, params={"update_mask": "username"}, json=new | {"username": "ann"})
    assert (
        ask("PATCH", "users/bob", params={"update_mask": "username"}, json=new | {"username": "rob"})["username"]
        == "rob"
    )
    assert ask("GET", "dags/one", auth=("rob", BOB[1]))["dag_id"] == "one"
    ask("GET", "users/bob", 404)
    ask("PATCH", "users/rob", params={"update_mask": "username"}, json=new)
    ask("PATCH", "roles/both", params={"update_mask": "name"}, json={"name": "ones"})

    ask("DELETE", "users/bob", 204)
    ask("GET", "users/bob", 404)
    ask("DELETE", "roles/ones", 204)
    ask("GET", "roles/ones", 404)
