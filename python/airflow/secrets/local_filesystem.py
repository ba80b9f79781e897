"""Variables and connections from files: JSON, YAML or ``.env``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFileParseException, FileSyntaxError
from airflow.secrets.base_secrets import BaseSecretsBackend

_CONNECTION_KEYS = frozenset(
    {
        "conn_id",
        "conn_type",
        "description",
        "extra",
        "extra_dejson",
        "host",
        "login",
        "password",
        "port",
        "schema",
        "uri",
    }
)


class LocalFilesystemBackend(BaseSecretsBackend):
    """Reads both files anew for each look-up, so that a changed file counts at once."""

    def __init__(self, variables_file_path: str | None = None, connections_file_path: str | None = None) -> None:
        self.variables_file = variables_file_path
        self.connections_file = connections_file_path

    def get_connection(self, conn_id: str, *args: Any, **kwargs: Any) -> Any:
        """A connection, or None."""
        return load_connections_dict(self.connections_file).get(conn_id) if self.connections_file else None

    def get_variable(self, key: str, *args: Any, **kwargs: Any) -> str | None:
        """A variable's text, or None."""
        return load_variables(self.variables_file).get(key) if self.variables_file else None


def _read_env(text: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, separator, value = line.partition("=")
        if not separator or not key.strip():
            problems.append(FileSyntaxError(number, "The line should look like KEY=value"))
            continue
        found.setdefault(key.strip(), []).append(value.strip())
    if problems:
        raise AirflowFileParseException("Failed to load the secrets file.", file_path=path, parse_errors=problems)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _read_json(text: str, path: str) -> dict[str, Any]:
    if not text.strip():
        raise AirflowFileParseException(
            "Failed to load the secrets file.", file_path=path, parse_errors=[FileSyntaxError(1, "The file is empty.")]
        )
    try:
        found = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise AirflowFileParseException(
            "Failed to load the secrets file.", file_path=path, parse_errors=[FileSyntaxError(line, str(error))]
        ) from None
    return _an_object(found, path)


def _read_yaml(text: str, path: str) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise AirflowException(f"{path} is YAML: install PyYAML to read it, or write it as JSON") from None
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise AirflowFileParseException(
            "Failed to load the secrets file.", file_path=path, parse_errors=[FileSyntaxError(line, str(error))]
        ) from None
    return _an_object(found, path)


def _an_object(found: Any, path: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise AirflowFileParseException(
            "Failed to load the secrets file.",
            file_path=path,
            parse_errors=[FileSyntaxError(1, "The file should contain the object.")],
        )
    return found


_READERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "env": _read_env,
    "json": _read_json,
    "yaml": _read_yaml,
    "yml": _read_yaml,
}


def _parse_secret_file(file_path: str) -> dict[str, Any]:
    if not os.path.exists(file_path):
        raise AirflowException(f"File {file_path} was not found. Check the configuration of your Secrets backend.")
    ending = file_path.rpartition(".")[2].lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise AirflowException(
            f"Unsupported file format of {file_path}. The file must have one of the following extensions: "
            ".env .json .yaml .yml"
        )
    with open(file_path, encoding="utf-8") as file:
        return reader(file.read(), file_path)


def _connection(conn_id: str, value: Any) -> Any:
    from airflow.sdk.definitions.connection import Connection

    if isinstance(value, str):
        text = value.strip()
        return Connection.from_json(text, conn_id) if text.startswith("{") else Connection(conn_id=conn_id, uri=text)
    if not isinstance(value, dict):
        raise AirflowException(f"Unexpected value type of connection {conn_id!r}: {type(value).__name__}")
    unknown = sorted(set(value) - _CONNECTION_KEYS)
    if unknown:
        raise AirflowException(f"The object of connection {conn_id!r} has illegal keys: {', '.join(unknown)}")
    parts = dict(value)
    if "extra" in parts and "extra_dejson" in parts:
        raise AirflowException("The extra and extra_dejson parameters are mutually exclusive.")
    extra = parts.pop("extra_dejson", None)
    if extra is not None:
        parts["extra"] = extra if isinstance(extra, dict) else json.loads(extra)
    if parts.pop("conn_id", conn_id) != conn_id:
        raise AirflowException(f"conn_id of connection {conn_id!r} is another one in its object")
    return Connection(conn_id=conn_id, **parts)


def load_variables(file_path: str) -> dict[str, str]:
    """The variables in a file; values that are no text become JSON."""
    found = _parse_secret_file(file_path)
    twice = sorted(key for key, value in found.items() if isinstance(value, list) and file_path.endswith(".env"))
    if twice:
        raise AirflowException(f'The "{file_path}" file contains multiple values for keys: {twice}')
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}


def load_connections_dict(file_path: str) -> dict[str, Any]:
    """The connections in a file by id."""
    from airflow.sdk.exceptions import ConnectionNotUnique

    found: dict[str, Any] = {}
    for conn_id, value in _parse_secret_file(file_path).items():
        if isinstance(value, list):
            if len(value) > 1:
                raise ConnectionNotUnique(f"Found multiple values for {conn_id} in {file_path}.")
            value = value[0]
        found[conn_id] = _connection(conn_id, value)
    return found


def load_connections(file_path: str) -> dict[str, list[Any]]:
    """Airflow 1's form of :func:`load_connections_dict`."""
    return {conn_id: [connection] for conn_id, connection in load_connections_dict(file_path).items()}
