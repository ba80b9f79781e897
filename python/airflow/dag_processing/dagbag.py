"""Reading a folder of DAG files in this process, as authors' own tests do."""

from __future__ import annotations

import os
from typing import Any


class DagBag:
    """The DAGs of a folder or file by id, and what is wrong with files by path."""

    def __init__(
        self,
        dag_folder: str | os.PathLike[str] | None = None,
        include_examples: bool = False,
        safe_mode: bool = True,
        read_dags_from_db: bool = False,
        collect_dags: bool = True,
        **kwargs: Any,
    ) -> None:
        from airflow.configuration import conf

        self.dag_folder = os.fspath(dag_folder) if dag_folder is not None else conf.get("core", "dags_folder")
        self.safe_mode = safe_mode
        self.dags: dict[str, Any] = {}
        self.import_errors: dict[str, str] = {}
        self.captured_warnings: dict[str, tuple[str, ...]] = {}
        if collect_dags:
            self.collect_dags(self.dag_folder)

    def collect_dags(self, dag_folder: str | None = None, **kwargs: Any) -> None:
        """Read all files of a folder."""
        folder = dag_folder or self.dag_folder
        if os.path.isfile(folder):
            self.process_file(folder)
            return
        for parent, folders, files in os.walk(folder, followlinks=True):
            folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
            for name in sorted(files):
                path = os.path.join(parent, name)
                if name.endswith(".py") and (not self.safe_mode or _might_have_dag(path)):
                    self.process_file(path)

    def process_file(self, filepath: str, only_if_updated: bool = True, safe_mode: bool = True) -> list[Any]:
        """Read one file; its DAGs."""
        from airflow._runtime.load import dags_of, explain, load, refused_by_policy
        from airflow._serialize.dag import serialize_dag

        root = self.dag_folder if os.path.isdir(self.dag_folder) else os.path.dirname(self.dag_folder)
        try:
            module = load(os.path.abspath(filepath), os.path.abspath(root))
            found, refused = dags_of(module), refused_by_policy(module)
        except Exception as error:
            self.import_errors[filepath] = explain(error, os.path.abspath(filepath))["traceback"]
            return []
        good: list[Any] = []
        for dag in found.values():
            try:
                if dag.dag_id in refused:
                    raise refused[dag.dag_id]
                serialize_dag(dag)
            except Exception as error:
                self.import_errors[filepath] = f"{type(error).__name__}: {error}"
                continue
            self.dags[dag.dag_id] = dag
            good.append(dag)
        return good

    def get_dag(self, dag_id: str, session: Any = None) -> Any:
        """A DAG by id, or None."""
        return self.dags.get(dag_id)

    @property
    def dag_ids(self) -> list[str]:
        """Ids of all DAGs."""
        return sorted(self.dags)

    def size(self) -> int:
        """Number of DAGs."""
        return len(self.dags)


def _might_have_dag(path: str) -> bool:
    """Whether the file's text has both ``dag`` and ``airflow`` in it."""
    with open(path, "rb") as file:
        text = file.read().lower()
    return b"dag" in text and b"airflow" in text
