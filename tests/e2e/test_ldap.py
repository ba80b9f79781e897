"""People of a real LDAP directory log in: search and bind, groups and roles, encryption, a directory that is away."""

from __future__ import annotations

import json

import pytest
from directory import OPS, READER, READER_PASSWORD, SUFFIX, Directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A directory with two people."""
    server = Directory(tmp_path_factory.mktemp("directory"))
    yield server
    server.stop()


@pytest.fixture
def api(home, directory):
    """An api-server that asks the directory; called with more options, it is started anew."""

    def start(**more):
        home.stop_all()
        home.processes.clear()
        options = {
            "server": directory.url,
            "bind_user": READER,
            "bind_password": READER_PASSWORD,
            "search": f"ou=people,{SUFFIX}",
            "roles_mapping": json.dumps({OPS: ["Op"]}),
            "user_registration": "True",
            "user_registration_role": "Viewer",
        }
        home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
        home.env["AIRFLOW__FAB__AUTH_RATE_LIMITED"] = "False"
        home.env |= {f"AIRFLOW__LDAP__{name.upper()}": value for name, value in (options | more).items()}
        home.cli("db", "migrate")
        home.wait_healthy(home.start("api-server"))
        return home

    return start


def log_in(home, username, password):
    return home.http.post(f"{home.url}/auth/token", json={"username": username, "password": password}, timeout=30)


def accounts(home):
    return {one["username"]: one for one in home.cli_json("users", "list")}


def test_groups_become_roles_and_wrong_passwords_stay_out(api):
    home = api()
    token = log_in(home, "olga", "olga's password").json()["access_token"]
    variable = {"key": "a", "value": "1"}
    headers = {"Authorization": f"Bearer {token}"}
    made = home.http.post(f"{home.url}/api/v2/variables", json=variable, headers=headers, timeout=10)
    assert made.status_code == 201, "ops may make variables"
    token = log_in(home, "nils", "nils's password").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert home.http.get(f"{home.url}/api/v2/dags", headers=headers, timeout=10).ok
    refused = home.http.post(f"{home.url}/api/v2/variables", json=variable, headers=headers, timeout=10)
    assert refused.status_code == 403, "whoever is in no group is a viewer"
    assert accounts(home)["olga"]["email"] == "olga@example.com"
    for username, password in [("olga", "wrong"), ("olga", ""), ("nobody", "x"), ("o*", "olga's password"), ("*", "*")]:
        assert log_in(home, username, password).status_code in (401, 422), (username, password)
    assert set(accounts(home)) == {"olga", "nils"}
    # The directory does not look at the case, and there is one account all the same.
    assert log_in(home, "OLGA", "olga's password").status_code == 201
    assert set(accounts(home)) == {"olga", "nils"}


def test_without_registration_only_those_with_an_account_come_in(api):
    home = api(user_registration="False")
    assert log_in(home, "olga", "olga's password").status_code in (401, 403)
    assert accounts(home) == {}


def test_a_name_may_be_bound_without_a_search(api):
    home = api(search="", bind_user="", bind_password="", username_format=f"uid=%s,ou=people,{SUFFIX}")
    assert log_in(home, "nils", "nils's password").status_code == 201
    assert log_in(home, "nils", "wrong").status_code == 401


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_allowed(api):
    home = api(use_tls="True")
    assert log_in(home, "olga", "olga's password").status_code == 503
    home = api(use_tls="True", allow_self_signed="True")
    assert log_in(home, "olga", "olga's password").status_code == 201


def test_a_directory_that_is_away_keeps_nobody_with_a_password_here_out(api, directory):
    home = api()
    home.cli("users", "create", "-u", "root", "-p", "own", "-r", "Admin", "-e", "r@x", "-f", "R", "-l", "T")
    directory.stop()
    try:
        assert log_in(home, "olga", "olga's password").status_code == 503
        assert log_in(home, "root", "own").status_code == 201
    finally:
        directory.start()
    assert log_in(home, "olga", "olga's password").status_code == 201
