"""Object stores: a scheme and a connection, and the filesystem that goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar


class ObjectStore:
    """A filesystem under a connection; see :func:`attach`."""

    __version__: ClassVar[int] = 1

    def __init__(
        self,
        protocol: str,
        conn_id: str | None,
        fs: Any = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.protocol = protocol
        self.conn_id = conn_id
        if fs is not None:
            self.__dict__["fs"] = fs
        self.storage_options = dict(storage_options or {})

    @cached_property
    def fs(self) -> Any:
        """The filesystem, made on first use: an unknown connection is an error only then."""
        from airflow.sdk.io.fs import get_fs

        return get_fs(self.protocol, self.conn_id, self.storage_options)

    @property
    def fsid(self) -> str:
        """What is the same for two stores on the same filesystem."""
        try:
            text: str = self.fs.fsid
            return text
        except (AttributeError, NotImplementedError):
            return f"{self.fs.protocol}-{self.conn_id or 'env'}"

    def serialize(self) -> dict[str, Any]:
        """As plain data."""
        from airflow._runtime.xcom_classes import name_of_class

        made = self.__dict__.get("fs")
        return {
            "protocol": self.protocol,
            "conn_id": self.conn_id,
            "filesystem": name_of_class(type(made)) if made is not None else None,
            "storage_options": self.storage_options,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any], version: int) -> ObjectStore:
        """From plain data."""
        if version > cls.__version__:
            raise ValueError(f"an ObjectStore of version {version} can't be read by version {cls.__version__}")
        return attach(data["protocol"], data["conn_id"], storage_options=data.get("storage_options"))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ObjectStore)
            and (self.protocol, self.conn_id) == (other.protocol, other.conn_id)
            and self.storage_options == other.storage_options
        )

    def __hash__(self) -> int:
        return hash((self.protocol, self.conn_id))

    def __str__(self) -> str:
        return f"{self.protocol}://{self.conn_id}" if self.conn_id else self.protocol


_attached: dict[tuple[str, str | None, str], ObjectStore] = {}
_aliases: dict[str, ObjectStore] = {}


def attach(
    protocol: str | None = None,
    conn_id: str | None = None,
    alias: str | None = None,
    encryption_type: str | None = "",
    fs: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> ObjectStore:
    """The store of a scheme and a connection; the same one each time. A filesystem of one's own takes its place."""
    if encryption_type:
        from airflow.sdk.exceptions import AirflowException

        raise AirflowException("attach(encryption_type=...) is not supported: say it in the store's own options")
    if alias and protocol is None and fs is None:
        if alias not in _aliases:
            raise ValueError(f"No registered store with alias: {alias}")
        return _aliases[alias]
    if protocol is None:
        if fs is None:
            raise ValueError("No registered filesystem and no protocol specified")
        protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    options = {**(storage_options or {}), **kwargs}
    key = (protocol, conn_id, repr(sorted(options.items())))
    store = _attached.get(key)
    if store is None or (fs is not None and store.fs is not fs):
        store = _attached[key] = ObjectStore(protocol, conn_id, fs, options)
    if alias:
        _aliases[alias] = store
    return store
