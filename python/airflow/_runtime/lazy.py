"""An object that is made when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_UNMADE = object()


class Lazy:
    """Stands for what ``make`` returns; calls it at most once."""

    __slots__ = ("_lazy_make", "_lazy_value")

    def __init__(self, make: Callable[[], Any]) -> None:
        object.__setattr__(self, "_lazy_make", make)
        object.__setattr__(self, "_lazy_value", _UNMADE)

    @property
    def __wrapped__(self) -> Any:
        value = object.__getattribute__(self, "_lazy_value")
        if value is _UNMADE:
            value = object.__getattribute__(self, "_lazy_make")()
            object.__setattr__(self, "_lazy_value", value)
        return value

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.__wrapped__.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__wrapped__, name, value)

    def __format__(self, spec: str) -> str:
        return format(self.__wrapped__, spec)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (_same, (self.__wrapped__,))


def _same(value: Any) -> Any:
    return value


def _forward(name: str) -> Callable[..., Any]:
    import operator

    plain = getattr(operator, name, None)

    def method(self: Lazy, *args: Any) -> Any:
        args = tuple(a.__wrapped__ if type(a) is Lazy else a for a in args)
        if plain is not None:
            return plain(self.__wrapped__, *args)
        return getattr(self.__wrapped__, name)(*args)

    return method


for _name in (
    "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__ __neg__ "
    "__getitem__ __contains__ __and__ __or__ __radd__ __rsub__"
).split():
    setattr(Lazy, _name, _forward(_name))
for _name, _function in {
    "str": str,
    "repr": repr,
    "bool": bool,
    "len": len,
    "iter": iter,
    "int": int,
    "float": float,
}.items():
    setattr(Lazy, f"__{_name}__", lambda self, _function=_function: _function(self.__wrapped__))
