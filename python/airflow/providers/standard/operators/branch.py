"""The base of operators that choose what goes on."""

from __future__ import annotations

from airflow.sdk.bases.branch import BaseBranchOperator, BranchMixIn

__all__ = ["BaseBranchOperator", "BranchMixIn"]
