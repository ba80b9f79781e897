"""Configuration: ``AIRFLOW__SECTION__KEY`` (also ``_CMD`` and ``_SECRET``) over ``airflow.cfg`` over defaults."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk.exceptions import AirflowConfigException

_ABSENT: Any = object()
_OldOf = dict[tuple[str, str], list[tuple[str, str]]]  # old names of a present option
_NewOf = dict[tuple[str, str], tuple[str, str]]  # the present name of an old option
_Defaults = dict[str, "dict[str, str | None]"]
_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})


def expand_env_var(value: Any) -> Any:
    """Fill in ``~`` and ``$NAME`` until nothing changes."""
    if not isinstance(value, str) or ("$" not in value and "~" not in value):
        return value
    while True:
        expanded = os.path.expanduser(os.path.expandvars(value))
        if expanded == value:
            return value
        value = expanded


def get_airflow_home() -> str:
    """The folder of configuration, logs and the embedded database."""
    text: str = expand_env_var(os.environ.get("AIRFLOW_HOME", "~/airflow"))
    return text


def get_airflow_config(airflow_home: str | None = None) -> str:
    """Path of ``airflow.cfg``."""
    return expand_env_var(os.environ.get("AIRFLOW_CONFIG", "")) or os.path.join(
        airflow_home or get_airflow_home(), "airflow.cfg"
    )


def _variable(section: str, key: str) -> str:
    """The environment variable of an option."""
    return f"AIRFLOW__{section.replace('.', '_').upper()}__{key.upper()}"


_encoded: dict[tuple[str, str], tuple[bytes, bytes, bytes]] = {}


def _has_variable(section: str, key: str) -> bool:
    """Whether any variable of an option is in the environment.

    Every task that is made asks for options; ``os.environ`` encodes the name each time and raises inside when it is
    not there, so what it keeps is asked (``_data``, in every CPython; without it, the caller looks itself).
    """
    names = _encoded.get((section, key))
    if names is None:
        name = os.fsencode(_variable(section, key))
        names = _encoded[section, key] = (name, name + b"_CMD", name + b"_SECRET")
    kept = getattr(os.environ, "_data", None)
    return kept is None or names[0] in kept or names[1] in kept or names[2] in kept


class AirflowConfigParser:
    """Reads options; what is set here lives in this process only."""

    def __init__(self) -> None:
        self._set: dict[tuple[str, str], str | None] = {}
        self._file: dict[str, dict[str, str]] | None = None
        self._commands: dict[tuple[str, str], str] = {}
        self._known: tuple[_OldOf, _NewOf, _Defaults] | None = None

    # Where values come from.

    def _from_file(self) -> dict[str, dict[str, str]]:
        if self._file is None:
            path = get_airflow_config()
            self._file = {}
            if os.path.isfile(path):
                self.read(path)
        return self._file

    def read(self, filenames: Any, encoding: str | None = None) -> list[str]:
        """Read one or more files over what is known."""
        import configparser

        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            names = parser.read(filenames, encoding=encoding or "utf-8")
        except configparser.Error as error:
            raise AirflowConfigException(f"can't read the configuration: {error}") from error
        if self._file is None:
            self._file = {}
        for section in parser.sections():
            known = self._file.setdefault(section.lower(), {})
            known.update({key: (value or "").replace("%%", "%") for key, value in parser.items(section)})
        return names

    def read_dict(self, dictionary: dict[str, dict[str, Any]], source: str = "") -> None:
        """Set many options at once."""
        for section, options in dictionary.items():
            for key, value in options.items():
                self.set(section, key, value)

    def _command(self, section: str, key: str, command: str) -> str:
        known = self._commands.get((section, key))
        if known is None:
            import subprocess

            done = subprocess.run(command, shell=True, capture_output=True, text=True, close_fds=True)
            if done.returncode != 0:
                raise AirflowConfigException(
                    f"the command for [{section}] {key} ended with {done.returncode}: {done.stderr.strip()}"
                )
            known = self._commands[section, key] = done.stdout.rstrip("\n")
        return known

    def _given(self, section: str, key: str) -> Any:
        """What somebody set, or ``_ABSENT``."""
        if (section, key) in self._set:
            return self._set[section, key]
        if _has_variable(section, key):
            name = _variable(section, key)
            if name in os.environ:
                return os.environ[name]
            if name + "_CMD" in os.environ:
                return self._command(section, key, os.environ[name + "_CMD"])
            if name + "_SECRET" in os.environ:
                return self._secret(section, key, os.environ[name + "_SECRET"])
        options = self._from_file().get(section)
        if options:
            if key in options:
                return options[key]
            if key + "_cmd" in options:
                return self._command(section, key, options[key + "_cmd"])
            if key + "_secret" in options:
                return self._secret(section, key, options[key + "_secret"])
        return _ABSENT

    def _secret(self, section: str, key: str, name: str) -> Any:
        """The option as the secrets backend has it under a name."""
        if section == "secrets" or key.startswith("secrets_backend"):
            raise AirflowConfigException(f"[{section}] {key} says how secrets are found; it can't be a secret itself")
        from airflow._runtime.secrets_path import custom_backend

        backend = custom_backend()
        if backend is None:
            return _ABSENT
        try:
            value = backend.get_config(name)
        except Exception as error:
            raise AirflowConfigException(
                f"[{section}] {key} is the secret {name!r}, which the secrets backend can't give: {error}"
            ) from error
        return _ABSENT if value is None else value

    def _options(self) -> tuple[_OldOf, _NewOf, _Defaults]:
        """Old names of a present option, the present name of an old option, and defaults."""
        if self._known is None:
            from airflow._config_defaults import DEFAULTS
            from airflow._config_renames import RENAMED

            old_of: _OldOf = {}
            new_of: _NewOf = {}
            for section, key, old_section, old_key in RENAMED:
                old_of.setdefault((section, key), []).append((old_section, old_key))
                new_of.setdefault((old_section, old_key), (section, key))
            self._known = (old_of, new_of, DEFAULTS)
        return self._known

    def _find(self, section: str, key: str) -> Any:
        section, key = section.lower(), key.lower()
        value = self._given(section, key)
        if value is not _ABSENT:
            return value
        old_of, new_of, defaults = self._options()
        for old in old_of.get((section, key), ()):
            value = self._given(*old)
            if value is not _ABSENT:
                return value
        if key in defaults.get(section, ()):
            value = defaults[section][key]
            if value is not None:
                return value.replace("{AIRFLOW_HOME}", get_airflow_home()) if "{" in value else value
            return None
        new = new_of.get((section, key))
        if new is not None:
            return self._find(*new)
        return _ABSENT if section in defaults else _default_of_provider(section, key)

    # What people call.

    def get(self, section: str, key: str, fallback: Any = _ABSENT, **kwargs: Any) -> Any:
        """The option's text; ``fallback`` or an error if nobody set it and it has no default."""
        value = self._find(section, key)
        if value is _ABSENT or (value is None and fallback is not _ABSENT):
            if fallback is not _ABSENT:
                return fallback
            if value is _ABSENT:
                raise AirflowConfigException(f"there is no option [{section}] {key} in the configuration")
        return expand_env_var(value)

    def get_mandatory_value(self, section: str, key: str, **kwargs: Any) -> str:
        """Like :meth:`get`, but None is an error."""
        value: str | None = self.get(section, key, **kwargs)
        if value is None:
            raise AirflowConfigException(f"[{section}] {key} has no value")
        return value

    def _as(self, kind: str, convert: Any, section: str, key: str, kwargs: dict[str, Any]) -> Any:
        value = self.get(section, key, **kwargs)
        if not isinstance(value, str):
            return value
        try:
            return convert(value)
        except (ValueError, TypeError, LookupError) as error:
            raise AirflowConfigException(f"[{section}] {key} is {value!r}, which is not {kind}") from error

    def getboolean(self, section: str, key: str, **kwargs: Any) -> bool:
        """The option as True or False."""

        def convert(text: str) -> bool:
            word = text.split("#")[0].strip().lower()
            if word in _TRUE:
                return True
            if word in _FALSE:
                return False
            raise ValueError(word)

        answer: bool = self._as("true or false", convert, section, key, kwargs)
        return answer

    def getint(self, section: str, key: str, **kwargs: Any) -> int:
        """The option as a whole number."""
        number: int = self._as("a whole number", int, section, key, kwargs)
        return number

    def getfloat(self, section: str, key: str, **kwargs: Any) -> float:
        """The option as a number."""
        seconds: float = self._as("a number", float, section, key, kwargs)
        return seconds

    def getlist(self, section: str, key: str, delimiter: str = ",", **kwargs: Any) -> list[str]:
        """The option split at ``delimiter``; an empty option is an empty list."""

        def convert(text: str) -> list[str]:
            return [part.strip() for part in text.split(delimiter)] if text.strip() else []

        result: list[str] = self._as("a list", convert, section, key, kwargs)
        return result

    def getjson(self, section: str, key: str, fallback: Any = _ABSENT, **kwargs: Any) -> Any:
        """The option read as JSON; an empty option counts as not set."""
        import json

        value = self.get(section, key, fallback="")
        if not value:
            return None if fallback is _ABSENT else fallback
        return self._as("JSON", json.loads, section, key, {})

    def getenum(self, section: str, key: str, enum_class: Any, **kwargs: Any) -> Any:
        """The option as a member of an enum, by name."""
        return self._as(f"one of {[m.name for m in enum_class]}", lambda t: enum_class[t], section, key, kwargs)

    def getenumlist(self, section: str, key: str, enum_class: Any, delimiter: str = ",", **kwargs: Any) -> list[Any]:
        """The option as members of an enum, by name."""
        return [enum_class[name] for name in self.getlist(section, key, delimiter, **kwargs)]

    def gettimedelta(self, section: str, key: str, fallback: Any = None, **kwargs: Any) -> Any:
        """The option as a span of so many seconds."""
        from datetime import timedelta

        value = self.get(section, key, fallback=fallback)
        if not value:
            return fallback
        return self._as("a number of seconds", lambda t: timedelta(seconds=int(t)), section, key, {})

    def getimport(self, section: str, key: str, **kwargs: Any) -> Any:
        """The object that the option names by its import path, or None."""
        path = self.get(section, key, **kwargs)
        if not path:
            return None
        from airflow.utils.module_loading import import_string

        try:
            return import_string(path)
        except ImportError as error:
            raise AirflowConfigException(
                f"[{section}] {key} names {path!r}, which can't be imported: {error}"
            ) from error

    def getsection(self, section: str) -> dict[str, Any] | None:
        """All options of a section, numbers and truth values converted; None if there is no such section."""
        from airflow._config_defaults import DEFAULTS

        section = section.lower()
        names = set(DEFAULTS.get(section, ())) | set(self._from_file().get(section, ()))
        names |= {key for known, key in self._set if known == section}
        prefix = f"AIRFLOW__{section.replace('.', '_').upper()}__"
        names |= {name[len(prefix) :].lower() for name in os.environ if name.startswith(prefix)}
        names = {name.removesuffix("_cmd").removesuffix("_secret") for name in names}
        if section not in DEFAULTS:
            from airflow._provider_options import options

            names |= set(options().get(section, ()))
        if not names:
            return None
        return {name: _plain(self.get(section, name, fallback=None)) for name in sorted(names)}

    def has_option(self, section: str, option: str, **kwargs: Any) -> bool:
        """Whether the option has a value."""
        return self._find(section, option) not in (_ABSENT, None)

    def has_section(self, section: str) -> bool:
        """Whether anything is known of the section."""
        return self.getsection(section) is not None

    def sections(self) -> list[str]:
        """Names of all sections."""
        from airflow._config_defaults import DEFAULTS

        return sorted({*DEFAULTS, *self._from_file(), *(section for section, _ in self._set)})

    def options(self, section: str) -> list[str]:
        """Names of a section's options."""
        return list(self.getsection(section) or ())

    def items(self, section: str) -> list[tuple[str, Any]]:
        """A section's options."""
        return list((self.getsection(section) or {}).items())

    def set(self, section: str, option: str, value: Any = None) -> None:
        """Set an option in this process."""
        self._set[section.lower(), option.lower()] = None if value is None else str(value)

    def remove_option(self, section: str, option: str, remove_default: bool = True) -> None:
        """Forget what was set in this process or read from the file."""
        self._set.pop((section.lower(), option.lower()), None)
        self._from_file().get(section.lower(), {}).pop(option.lower(), None)

    def as_dict(self, display_source: bool = False, display_sensitive: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Everything; secrets are left out unless ``display_sensitive``."""
        secret = ("password", "secret", "key", "conn", "token")
        return {
            section: {
                key: "< hidden >" if not display_sensitive and key.endswith(secret) and value else value
                for key, value in self.items(section)
            }
            for section in self.sections()
        }


def _default_of_provider(section: str, key: str) -> Any:
    """The default of an option that an installed provider package adds."""
    from airflow._provider_options import options

    return options().get(section, {}).get(key, _ABSENT)


def _plain(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


conf = AirflowConfigParser()
AIRFLOW_HOME = get_airflow_home()
AIRFLOW_CONFIG = get_airflow_config(AIRFLOW_HOME)

# 1.10 offered the readers as functions of this module.
get = conf.get
getboolean = conf.getboolean
getfloat = conf.getfloat
getint = conf.getint
getsection = conf.getsection
has_option = conf.has_option
remove_option = conf.remove_option
as_dict = conf.as_dict
