"""Addresses of pages of the web interface."""

from __future__ import annotations

from urllib.parse import quote

#: What ids have and a part of a path may have.
_SAFE = ":+@"


def base_url() -> str:
    """Where the web interface is: ``[api] base_url``, without a slash at its end."""
    return _configured() or "http://localhost:8080"


def _configured() -> str:
    from airflow.configuration import conf

    found = conf.get("api", "base_url", fallback=None) or conf.get("webserver", "base_url", fallback=None)
    return (found or "").rstrip("/")


def run_page(dag_id: str, run_id: str | None) -> str:
    """The page of a run; of its DAG, if the run is not known. Without a ``base_url`` it is relative."""
    page = f"{_configured()}/dags/{quote(dag_id, safe=_SAFE)}"
    return page if run_id is None else f"{page}/runs/{quote(run_id, safe=_SAFE)}"
