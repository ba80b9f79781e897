# Written by scripts/stubs.py from the package's own tables.
from airflow.sdk.definitions._internal.node import DAGNode as DAGNode
from airflow.sdk.definitions.edges import DependencyMixin as DependencyMixin
from airflow.sdk.definitions.edges import DependencyMixin as TaskMixin
