"""The web interface's browser tests (ui/e2e) against the real binary."""

from __future__ import annotations

import os
import shutil
import subprocess

from system import ROOT


def test_the_web_interface_in_a_real_browser(home):
    home.env |= {
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "ui/e2e/dags"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    }
    del home.env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"]
    home.standalone()
    assert shutil.which("npm"), "Node is needed for the web interface"
    env = os.environ | {
        "TRADEWIND_URL": home.url,
        "TRADEWIND_USER": "admin",
        "TRADEWIND_PASSWORD": (home.path / "standalone_admin_password.txt").read_text().strip(),
        "NO_COLOR": "1",
        "no_proxy": "*",
    }
    done = subprocess.run(
        ["npm", "--prefix", str(ROOT / "ui"), "run", "--silent", "e2e"],
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
