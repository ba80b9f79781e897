"""Connections: where other systems are and how to log in."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

_PARTS = ("conn_type", "host", "schema", "login", "password", "port", "extra", "description")


class Connection:
    """A connection, from its parts or from a URI."""

    def __init__(
        self,
        conn_id: str | None = None,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | str | None = None,
        extra: str | dict[str, Any] | None = None,
        uri: str | None = None,
        team_name: str | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.description = description
        if uri and any((conn_type, host, login, password, schema, port, extra)):
            raise AirflowException("a connection is made from a URI or from its parts, not from both")
        self.conn_type, self.host, self.login, self.password, self.schema = conn_type, host, login, password, schema
        self.port: int | None = int(port) if port not in (None, "") else None
        self.extra: str | None = json.dumps(extra) if isinstance(extra, dict) else (extra or None)
        if uri:
            self._read_uri(uri)
        self._mask()

    def _mask(self) -> None:
        from airflow._runtime.secrets import is_sensitive
        from airflow._runtime.supervisor import mask

        secrets: list[Any] = []
        if self.password:
            secrets += [self.password, quote(self.password, safe="")]
        if self.extra and self.extra.lstrip().startswith("{"):
            secrets += [value for name, value in self.extra_dejson.items() if is_sensitive(name)]
        if secrets:
            mask(*secrets)

    # URIs.

    def _read_uri(self, uri: str) -> None:
        scheme, separator, rest = uri.partition("://")
        if not separator:
            scheme, _, rest = uri.partition(":")
        self.conn_type = normal_type(scheme)
        inner = ""
        if "://" in rest.split("?", 1)[0]:
            # The host may have a scheme of its own: http://https://example.com
            inner, _, rest = rest.partition("://")
            inner = inner.rpartition("@")[2] if "@" in inner else inner
        parts = urlsplit(f"//{rest}")
        host = parts.netloc.rpartition("@")[2]
        host, port = _split_port(host)
        self.host = unquote(f"{inner}://{host}" if inner and inner not in ("", "/") else host) if host else None
        self.port = port
        path = parts.path[1:] if parts.path.startswith("/") else parts.path
        self.schema = unquote(path) if path else None
        self.login = unquote(parts.username) if parts.username else (None if parts.username is None else "")
        self.password = unquote(parts.password) if parts.password else (None if parts.password is None else "")
        if parts.query:
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            self.extra = query["__extra__"] if "__extra__" in query else json.dumps(query)

    def get_uri(self) -> str:
        """The connection as a URI."""
        scheme = self.conn_type.lower().replace("_", "-") if self.conn_type else ""
        uri = f"{scheme}://"
        host = self.host or ""
        inner, separator, bare = host.partition("://")
        if separator:
            uri += f"{inner}://"
            host = bare
        login = quote(self.login, safe="") if self.login is not None else ""
        if self.password is not None:
            login += ":" + quote(self.password, safe="")
        if login:
            uri += login + "@"
        uri += quote(host, safe="")
        if self.port is not None:
            uri += f":{self.port}" if host else f"@:{self.port}" if not login else f":{self.port}"
        if self.schema:
            uri += "/" + quote(self.schema, safe="")
        if self.extra:
            extra = self.extra_dejson
            simple = extra and all(isinstance(value, str) for value in extra.values())
            query = urlencode(extra) if simple else urlencode({"__extra__": self.extra})
            uri += ("" if self.schema else "/") + "?" + query
        return uri

    # Parts.

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """``extra`` read as JSON."""
        if not self.extra:
            return {}
        try:
            found = json.loads(self.extra)
        except ValueError:
            import logging

            logging.getLogger(__name__).error("The extra of connection %r is not JSON", self.conn_id)
            return {}
        return found if isinstance(found, dict) else {}

    def get_extra_dejson(self, nested: bool = False) -> dict[str, Any]:
        """``extra`` read as JSON; ``nested`` reads texts in it as JSON too."""
        extra = dict(self.extra_dejson)
        if nested:
            for name, value in extra.items():
                if isinstance(value, str):
                    try:
                        extra[name] = json.loads(value)
                    except ValueError:
                        continue
        return extra

    def get_password(self) -> str | None:
        """The password."""
        return self.password

    def set_password(self, value: str | None) -> None:
        """Change the password."""
        self.password = value

    def get_extra(self) -> str | None:
        """``extra`` as text."""
        return self.extra

    def set_extra(self, value: str | None) -> None:
        """Change ``extra``."""
        self.extra = value

    def to_dict(self, *, prune_empty: bool = False, validate: bool = True) -> dict[str, Any]:
        """The parts."""
        found: dict[str, Any] = {"conn_id": self.conn_id}
        for name in _PARTS:
            found[name] = getattr(self, name)
        found["extra"] = self.extra_dejson
        return {key: value for key, value in found.items() if value or not prune_empty}

    def as_json(self) -> str:
        """The parts as JSON, as ``AIRFLOW_CONN_…`` takes them."""
        parts = self.to_dict(prune_empty=True)
        parts.pop("conn_id", None)
        return json.dumps(parts)

    @classmethod
    def from_json(cls, value: str, conn_id: str | None = None) -> Connection:
        """From JSON."""
        try:
            data = json.loads(value)
        except ValueError as error:
            raise AirflowException(f"connection {conn_id!r}: its JSON can't be read: {error}") from None
        if not isinstance(data, dict):
            raise AirflowException(f"connection {conn_id!r}: its JSON must be an object")
        data = dict(data)
        extra = data.pop("extra", None)
        known = {name: data.get(name) for name in _PARTS if name != "extra"}
        known["conn_type"] = normal_type(known["conn_type"]) if known["conn_type"] else None
        return cls(conn_id=conn_id or data.get("conn_id"), extra=extra or None, **known)

    @classmethod
    def from_uri(cls, uri: str, conn_id: str | None = None) -> Connection:
        """From a URI."""
        return cls(conn_id=conn_id, uri=uri)

    # Finding.

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """The connection with an id: from the secrets backend, ``AIRFLOW_CONN_<ID>`` or the server."""
        from airflow._runtime.secrets_path import connection

        found: Connection | None = connection(conn_id)
        if found is None:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return found

    @classmethod
    def get_connection_from_secrets(cls, conn_id: str) -> Connection:
        """Older name of :meth:`get`."""
        return cls.get(conn_id)

    def get_hook(self, *, hook_params: dict[str, Any] | None = None) -> Any:
        """The hook that the connection's type goes with, from installed provider packages."""
        from airflow._provider_hooks import hook_class

        kind, id_argument = hook_class(self.conn_type)
        return kind(**{id_argument: self.conn_id}, **(hook_params or {}))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the hook's own test succeeds, and what it says."""
        try:
            hook = self.get_hook()
            if not hasattr(hook, "test_connection"):
                return False, f"Hook {type(hook).__name__} doesn't implement or inherit test_connection method"
            result: tuple[bool, str] = hook.test_connection()
            return result
        except Exception as error:
            return False, str(error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Connection) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.conn_id)

    def __repr__(self) -> str:
        return f"<Connection {self.conn_id} ({self.conn_type})>"


def connection_of(conn_id: str, data: dict[str, Any]) -> Connection:
    """The connection that the server describes."""
    return Connection(conn_id=conn_id, **{name: data.get(name) for name in _PARTS})


def normal_type(conn_type: str) -> str:
    """A connection type as it is kept: ``postgresql`` is ``postgres``, dashes are underscores."""
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def _split_port(host: str) -> tuple[str, int | None]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, int(rest[1:]) if rest[1:] else None
    name, separator, port = host.rpartition(":")
    if separator and port.isdigit():
        return name, int(port)
    return host.removesuffix(":") if separator and not port else host, None
