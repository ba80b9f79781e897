"""The class that bundles of DAG files derive from."""

from __future__ import annotations

import fcntl
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def get_bundle_storage_root_path() -> Path:
    """The folder of copies: ``[dag_processor] dag_bundle_storage_path``, else one among temporary files."""
    from airflow.configuration import conf

    chosen = conf.get("dag_processor", "dag_bundle_storage_path", fallback=None)
    return Path(chosen) if chosen else Path(tempfile.gettempdir(), "airflow", "dag_bundles")


def get_bundle_base_folder(bundle_name: str) -> Path:
    """The folder of one bundle's copies."""
    return get_bundle_storage_root_path() / bundle_name


def get_bundle_versions_base_folder(bundle_name: str) -> Path:
    """The folder of its versions."""
    return get_bundle_base_folder(bundle_name) / "versions"


def get_bundle_version_path(bundle_name: str, version: str) -> Path:
    """The folder of one version."""
    return get_bundle_versions_base_folder(bundle_name) / version


class BaseDagBundle(ABC):
    """A folder of DAG files that comes from somewhere: a bucket, a repository."""

    supports_versioning = False

    def __init__(
        self,
        *,
        name: str,
        refresh_interval: int | None = None,
        version: str | None = None,
        view_url_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        from airflow.configuration import conf

        self.name = name
        self.version = version
        interval = conf.getint("dag_processor", "refresh_interval", fallback=300)
        self.refresh_interval = interval if refresh_interval is None else refresh_interval
        self.is_initialized = False
        self.base_dir = get_bundle_base_folder(name)
        self.versions_dir = get_bundle_versions_base_folder(name)
        self._view_url_template = view_url_template

    def initialize(self) -> None:
        """Have the files here; called once before the bundle is used."""
        self.is_initialized = True
        if self.version and not self.supports_versioning:
            from airflow.sdk.exceptions import AirflowException

            raise AirflowException(f"the bundle {self.name!r} ({type(self).__name__}) has no versions")

    @property
    @abstractmethod
    def path(self) -> Path:
        """The folder."""

    @abstractmethod
    def get_current_version(self) -> str | None:
        """The version that is here, if there are versions."""

    @abstractmethod
    def refresh(self) -> None:
        """Have the newest files here."""

    def view_url(self, version: str | None = None) -> str | None:
        """Where people see the files."""
        return None

    def view_url_template(self) -> str | None:
        """The same with ``{version}`` and ``{subdir}`` left open."""
        return self._view_url_template

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by one process of this machine at a time."""
        folder = get_bundle_storage_root_path() / "_locks"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{self.name}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name})"
