"""Operators that choose which of the tasks after them go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin, expand_groups
from airflow.sdk.exceptions import AirflowException


class BranchMixIn(SkipMixin):
    """Goes on with the chosen tasks."""

    def do_branch(self, context: Any, branches_to_execute: str | Iterable[str] | None) -> str | Iterable[str] | None:
        """Skip the direct downstream tasks that were not chosen."""
        ti = context["ti"]
        if branches_to_execute is not None:
            items = [branches_to_execute] if isinstance(branches_to_execute, str) else list(branches_to_execute)
            if not all(isinstance(item, str) for item in items):
                raise AirflowException(f"a branch is chosen by task ids, not {branches_to_execute!r}")
            branches_to_execute = branches_to_execute if isinstance(branches_to_execute, str) else items
        chosen = expand_groups(ti.task, branches_to_execute)
        self.skip_all_except(ti, chosen)
        return branches_to_execute


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """Subclasses say in ``choose_branch`` which tasks go."""

    inherits_from_skipmixin = True

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """Ids of the tasks (or groups) that go."""
        raise NotImplementedError(f"{type(self).__name__} has no choose_branch method")

    def execute(self, context: Any) -> Any:
        """Choose and skip the rest."""
        return self.do_branch(context, self.choose_branch(context))
