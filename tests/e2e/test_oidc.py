"""Logging in with a real OpenID Connect provider: through its redirects, with roles from its groups."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import requests
from postgres import free_port
from services import listening
from system import wait_for

PEOPLE = [
    {"sub": "s-1", "preferred_username": "olga", "groups": ["data-ops"], "email": "olga@example.com"},
    {"sub": "s-2", "preferred_username": "nils", "groups": []},
    {"sub": "s-3", "preferred_username": "root", "groups": ["data-ops"]},
]


@pytest.fixture(scope="module")
def provider():
    """Where a provider is that knows three people."""
    port = free_port()
    # Beside the interpreter, whether or not its environment is active.
    program = os.path.join(os.path.dirname(sys.executable), "oidc-provider-mock")
    people = [part for one in PEOPLE for part in ("--user-claims", json.dumps(one))]
    process = subprocess.Popen([program, "--port", str(port), "--require-nonce", "true", *people])
    wait_for("the provider", lambda: listening(port))
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture
def api(home, provider):
    """An api-server whose users come from the provider."""

    def start(**more):
        options = {
            "issuer": provider,
            "client_id": "tradewind",
            "client_secret": "a secret",
            "roles_mapping": json.dumps({"data-ops": ["Op"]}),
            "user_registration": "True",
            "user_registration_role": "Viewer",
        }
        home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
        home.env["AIRFLOW__API__BASE_URL"] = home.url
        home.env |= {f"AIRFLOW__OIDC__{name.upper()}": value for name, value in (options | more).items()}
        home.cli("db", "migrate")
        home.wait_healthy(home.start("api-server"))
        return home

    return start


def browser():
    session = requests.Session()
    session.trust_env = False
    return session


def arrive(home, subject):
    """A browser that has gone to the provider and back, and where it ended."""
    person = browser()
    asked = person.get(f"{home.url}/auth/oidc/login", timeout=30)
    assert "Authorize Client" in asked.text, asked.text[:500]
    back = person.post(asked.url, data={"sub": subject}, timeout=30, allow_redirects=False)
    return person, person.get(back.headers["location"], timeout=30, allow_redirects=False), back.headers["location"]


def accounts(home):
    return {one["username"]: one for one in home.cli_json("users", "list")}


def test_people_of_a_provider_get_the_roles_of_their_groups(api):
    home = api()
    olga, entered, _ = arrive(home, "s-1")
    assert entered.status_code in (302, 303, 307) and "error" not in entered.headers["location"], entered.headers
    assert olga.get(f"{home.url}/api/v2/dags", timeout=10).ok
    made = olga.post(
        f"{home.url}/api/v2/variables",
        json={"key": "a", "value": "1"},
        headers={"X-Tradewind-Request": "1"},
        timeout=10,
    )
    assert made.status_code == 201, "ops may make variables"
    nils, _, _ = arrive(home, "s-2")
    headers = {"X-Tradewind-Request": "1"}
    refused = nils.post(f"{home.url}/api/v2/variables", json={"key": "b", "value": "1"}, headers=headers, timeout=10)
    assert refused.status_code == 403, "whoever is in no group is a viewer"
    assert set(accounts(home)) == {"olga", "nils"} and accounts(home)["olga"]["email"] == "olga@example.com"
    arrive(home, "s-1")
    assert set(accounts(home)) == {"olga", "nils"}, "who comes again is the same"


def test_a_way_back_is_good_once_and_for_one_browser(api):
    home = api()
    olga, _, location = arrive(home, "s-1")
    again = browser().get(location, timeout=30, allow_redirects=False)
    assert "error" in again.headers.get("location", "error"), "another browser has not asked for this"
    replayed = olga.get(location, timeout=30, allow_redirects=False)
    assert "error" in replayed.headers.get("location", "error"), "a code is good once"


def test_an_account_with_a_password_is_not_opened_by_a_provider(api):
    home = api()
    home.cli("users", "create", "-u", "root", "-p", "own", "-r", "Admin", "-e", "r@x", "-f", "R", "-l", "T")
    person, back, _ = arrive(home, "s-3")
    assert "error" in back.headers["location"]
    assert person.get(f"{home.url}/api/v2/dags", timeout=10).status_code == 401


def test_without_registration_strangers_stay_out(api):
    home = api(user_registration="False")
    person, back, _ = arrive(home, "s-1")
    assert "error" in back.headers["location"] and accounts(home) == {}
    assert person.get(f"{home.url}/api/v2/dags", timeout=10).status_code == 401
