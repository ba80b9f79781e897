"""What the installed provider packages offer, by kind: the same answers under ``ProvidersManager`` of every era."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow.utils.log.logging_mixin import LoggingMixin


@dataclass
class ProviderInfo:
    """A provider package."""

    version: str
    #: What its ``get_provider_info`` answers.
    data: dict[str, Any]


class HookInfo(NamedTuple):
    """The hook of a connection type."""

    hook_class_name: str
    connection_id_attribute_name: str
    package_name: str
    hook_name: str
    connection_type: str
    connection_testable: bool
    dialects: list[str] = []


class DialectInfo(NamedTuple):
    """A dialect of SQL."""

    name: str
    dialect_class_name: str
    provider_name: str


class PluginInfo(NamedTuple):
    """A plugin that a provider brings along."""

    name: str
    plugin_class: str
    provider_name: str


class TriggerInfo(NamedTuple):
    """A trigger class."""

    trigger_class_name: str
    package_name: str
    integration_name: str


class NotificationInfo(NamedTuple):
    """A notifier class."""

    notification_class_name: str
    package_name: str


class RemoteLoggingInfo(NamedTuple):
    """A place for logs elsewhere."""

    classpath: str
    scheme: str
    package_name: str


class _Hooks(Mapping[str, Any]):
    """Connection type to :class:`HookInfo`; a hook is imported when it is asked for. None: it can't be imported."""

    def __init__(self, found: dict[str, tuple[str, str, list[str]]]) -> None:
        self._found = found
        self._made: dict[str, HookInfo | None] = {}

    def __getitem__(self, connection_type: str) -> HookInfo | None:
        if connection_type not in self._made:
            self._made[connection_type] = self._make(connection_type)
        return self._made[connection_type]

    def _make(self, connection_type: str) -> HookInfo | None:
        path, package, dialects = self._found[connection_type]
        from airflow.sdk.exceptions import AirflowOptionalProviderFeatureException
        from airflow.utils.module_loading import import_string

        try:
            hook = import_string(path)
        except (ImportError, AirflowOptionalProviderFeatureException) as error:
            import logging

            logging.getLogger(__name__).info("the hook %s of %s can't be imported: %s", path, package, error)
            return None
        return HookInfo(
            hook_class_name=path,
            connection_id_attribute_name=getattr(hook, "conn_name_attr", "conn_id"),
            package_name=package,
            hook_name=getattr(hook, "hook_name", hook.__name__),
            connection_type=connection_type,
            connection_testable=hasattr(hook, "test_connection"),
            dialects=dialects,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, key: object) -> bool:
        return key in self._found


class ProvidersManager(LoggingMixin):
    """Reads the descriptions of installed providers on first use; there is one in a process."""

    _instance: ProvidersManager | None = None
    resource_version = "0"

    def __new__(cls) -> ProvidersManager:
        """The one of this process, or a new one."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __init__(self) -> None:
        if not hasattr(self, "_cache"):
            super().__init__()
            self._cache: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("initialize_providers_"):
            return lambda: None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @staticmethod
    def initialized() -> bool:
        """Whether providers can be asked for: always."""
        return True

    @staticmethod
    def initialization_stack_trace() -> str | None:
        """None: nothing is initialized."""
        return None

    def _once(self, name: str, read: Any) -> Any:
        if name not in self._cache:
            self._cache[name] = read()
        return self._cache[name]

    def _items(self, key: str) -> Iterator[tuple[str, Any]]:
        """What providers list under a key, each with the provider's name."""
        for package, provider in self.providers.items():
            for item in provider.data.get(key) or ():
                yield package, item

    def _classes(self, key: str) -> list[str]:
        return sorted({item for _, item in self._items(key) if isinstance(item, str)})

    @property
    def providers(self) -> dict[str, ProviderInfo]:
        """Providers by the name of their distribution, in alphabetical order."""
        result: dict[str, ProviderInfo] = self._once("providers", self._providers)
        return result

    @staticmethod
    def _providers() -> dict[str, ProviderInfo]:
        from importlib.metadata import PackageNotFoundError, version

        from airflow._provider_infos import infos

        found = {}
        for info in infos():
            name = str(info.get("package-name") or info.get("name") or "")
            try:
                found[name] = ProviderInfo(version(name), info)
            except (PackageNotFoundError, ValueError):
                found[name] = ProviderInfo(str((info.get("versions") or ["0"])[0]), info)
        return dict(sorted(found.items()))

    @property
    def hooks(self) -> Mapping[str, HookInfo | None]:
        """Hooks by connection type."""

        def read() -> _Hooks:
            found: dict[str, tuple[str, str, list[str]]] = {}
            for package, item in self._items("connection-types"):
                given = (item["hook-class-name"], package, list(item.get("dialects") or ()))
                found.setdefault(item["connection-type"], given)
            return _Hooks(dict(sorted(found.items())))

        result: Mapping[str, HookInfo | None] = self._once("hooks", read)
        return result

    @property
    def dialects(self) -> dict[str, DialectInfo]:
        """SQL dialects by name."""

        def read() -> dict[str, DialectInfo]:
            return {
                item["dialect-type"]: DialectInfo(item["dialect-type"], item["dialect-class-name"], package)
                for package, item in self._items("dialects")
            }

        result: dict[str, DialectInfo] = self._once("dialects", read)
        return result

    @property
    def plugins(self) -> list[PluginInfo]:
        """Plugins."""
        return [PluginInfo(item["name"], item["plugin-class"], package) for package, item in self._items("plugins")]

    @property
    def trigger(self) -> list[TriggerInfo]:
        """Trigger classes."""
        found = []
        for package, item in self._items("triggers"):
            for module in item.get("python-modules") or ():
                found.append(TriggerInfo(module, package, item.get("integration-name") or ""))
        return found

    @property
    def notification(self) -> list[NotificationInfo]:
        """Notifier classes."""
        return [NotificationInfo(item, package) for package, item in self._items("notifications")]

    @property
    def taskflow_decorators(self) -> dict[str, Any]:
        """Task decorators by name."""
        from airflow.utils.module_loading import import_string

        result: dict[str, Any] = self._once(
            "task-decorators",
            lambda: {item["name"]: import_string(item["class-name"]) for _, item in self._items("task-decorators")},
        )
        return result

    @property
    def extra_links_class_names(self) -> list[str]:
        """Classes of operator links."""
        return self._classes("extra-links")

    @property
    def filesystem_module_names(self) -> list[str]:
        """Modules with file systems for object storage."""
        return self._classes("filesystems")

    @property
    def secrets_backend_class_names(self) -> list[str]:
        """Classes of secrets backends."""
        return self._classes("secrets-backends")

    @property
    def logging_class_names(self) -> list[str]:
        """Classes of log handlers."""
        return self._classes("logging")

    @property
    def executor_class_names(self) -> list[str]:
        """Classes of executors. Tradewind's own executors are used, never these."""
        return self._classes("executors")

    @property
    def auth_managers(self) -> list[str]:
        """Classes of auth managers. Tradewind's own is used, never these."""
        return self._classes("auth-managers")

    @property
    def queue_class_names(self) -> list[str]:
        """Classes of message queues."""
        return self._classes("queues")

    @property
    def db_managers(self) -> list[str]:
        """Classes that keep tables of their own in Airflow's database."""
        return self._classes("db-managers")

    @property
    def remote_logging_handlers(self) -> list[RemoteLoggingInfo]:
        """Places for logs elsewhere."""
        return [
            RemoteLoggingInfo(item["classpath"], item.get("scheme") or "", package)
            for package, item in self._items("remote-logging")
            if isinstance(item, dict)
        ]

    def remote_logging_handler_by_scheme(self, scheme: str) -> RemoteLoggingInfo | None:
        """The place for logs whose address begins with a scheme."""
        return next((handler for handler in self.remote_logging_handlers if handler.scheme == scheme), None)

    @property
    def provider_configs(self) -> list[tuple[str, dict[str, Any]]]:
        """Options that providers add, with each provider's name."""
        found = ((package, provider.data.get("config")) for package, provider in self.providers.items())
        return [(package, config) for package, config in found if config]

    already_initialized_provider_configs = provider_configs

    def _asset_functions(self, what: str) -> dict[str, Any]:
        from airflow._provider_assets import paths
        from airflow.utils.module_loading import import_string

        result: dict[str, Any] = self._once(
            what, lambda: {scheme: import_string(path) for scheme, path in paths(what).items()}
        )
        return result

    @property
    def asset_factories(self) -> dict[str, Any]:
        """Functions that make assets, by scheme."""
        return self._asset_functions("factory")

    @property
    def asset_uri_handlers(self) -> dict[str, Any]:
        """Functions that bring URIs into their usual form, by scheme."""
        return self._asset_functions("handler")

    @property
    def asset_to_openlineage_converters(self) -> dict[str, Any]:
        """Functions that make OpenLineage datasets of assets, by scheme."""
        return self._asset_functions("to_openlineage_converter")

    @property
    def field_behaviours(self) -> dict[str, dict[str, Any]]:
        """How forms for connections differ from the usual one, by connection type."""

        def read() -> dict[str, dict[str, Any]]:
            from airflow.utils.module_loading import import_string

            found = {}
            for connection_type, hook in self.hooks.items():
                ask = getattr(import_string(hook.hook_class_name), "get_ui_field_behaviour", None) if hook else None
                if ask is not None:
                    found[connection_type] = ask()
            return found

        result: dict[str, dict[str, Any]] = self._once("field_behaviours", read)
        return result


ProvidersManagerTaskRuntime = ProvidersManager
