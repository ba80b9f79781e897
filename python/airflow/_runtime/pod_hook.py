"""Lets ``pod_mutation_hook`` of an installation change pods: ``python -m airflow._runtime.pod_hook``.

The first line on standard output says whether there is a hook: ``{"hook": true}``. Then each line of standard input is
a pod as JSON, and is answered by one line: ``{"pod": …}``, or ``{"error": "…", "traceback": "…"}``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from airflow._runtime import plugins, policies
from airflow._runtime.load import one_line, prepare_path

_MISSING = (
    "pod_mutation_hook changes objects of the package 'kubernetes', and {python} does not have it; "
    "pip install kubernetes into the scheduler's environment"
)


def _hooks() -> list[Callable[[Any], Any]]:
    """Those of installed packages, then that of ``airflow_local_settings``."""
    prepare_path("")
    plugins.load()
    policies.local_settings()
    return policies.implementations("pod_mutation_hook")


def _changed(hooks: list[Callable[[Any], Any]], given: dict[str, Any]) -> Any:
    """The pod as the hooks leave it, in Kubernetes' spelling."""
    try:
        from kubernetes.client import ApiClient
    except ImportError as error:
        raise ImportError(_MISSING.format(python=sys.executable)) from error
    client = ApiClient()
    # As Airflow's own code reads pods: the public method wants a response, another one in each version.
    pod = client._ApiClient__deserialize(given, "V1Pod")
    for hook in hooks:
        hook(pod)
    return client.sanitize_for_serialization(pod)


def _failure(error: BaseException) -> dict[str, str]:
    import traceback

    return {
        "error": one_line(error),
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip(),
    }


def main() -> int:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What is imported, and the hook, may print whatever they like.
    os.dup2(2, 1)

    def answer(line: dict[str, Any]) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    try:
        hooks = _hooks()
    except Exception as error:
        answer(_failure(error))
        return 1
    answer({"hook": bool(hooks)})
    if not hooks:
        return 0
    for line in sys.stdin:
        try:
            answer({"pod": _changed(hooks, json.loads(line))})
        except Exception as error:
            answer(_failure(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
