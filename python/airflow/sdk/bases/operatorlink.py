"""Links that operators show beside their task instances."""

from __future__ import annotations

from typing import Any, ClassVar


class BaseOperatorLink:
    """A link with a name; ``get_link`` gives its address."""

    operators: ClassVar[list[Any]] = []

    @property
    def name(self) -> str:
        """What the link is called."""
        raise NotImplementedError(f"{type(self).__name__} has no name")

    @property
    def xcom_key(self) -> str:
        """The XCom in which the address is kept."""
        return f"_link_{type(self).__name__}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address."""
        raise NotImplementedError(f"{type(self).__name__} has no get_link method")
