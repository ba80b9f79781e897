"""Checks a value against a JSON schema: with ``jsonschema`` if it is installed, else the common words by hand."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, Any] = {
    "string": str,
    "object": dict,
    "array": (list, tuple),
    "null": type(None),
    "boolean": bool,
}


def check(value: Any, schema: dict[str, Any]) -> str | None:
    """What is wrong with the value, or None."""
    try:
        import jsonschema
    except ImportError:
        return _check(value, schema)
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    problem = next(validator(schema, format_checker=jsonschema.FormatChecker()).iter_errors(value), None)
    return problem.message if problem is not None else None


def _is(value: Any, kind: str) -> bool:
    if kind in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return kind == "number" or isinstance(value, int) or value.is_integer()
    known = _TYPES.get(kind)
    return known is None or isinstance(value, known)


def _check(value: Any, schema: Any) -> str | None:
    if schema is True or schema == {}:
        return None
    if schema is False:
        return f"{value!r} is not allowed"
    for check_word in (_check_kind, _check_number, _check_text, _check_array, _check_object, _check_combined):
        problem = check_word(value, schema)
        if problem is not None:
            return problem
    return None


def _check_kind(value: Any, schema: dict[str, Any]) -> str | None:
    kinds = schema.get("type")
    if kinds is not None:
        allowed = kinds if isinstance(kinds, (list, tuple)) else [kinds]
        if not any(_is(value, kind) for kind in allowed):
            return f"{value!r} is not of type {', '.join(map(repr, allowed))}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{value!r} is not one of {schema['enum']!r}"
    if "const" in schema and value != schema["const"]:
        return f"{value!r} is not {schema['const']!r}"
    return None


def _check_number(value: Any, schema: dict[str, Any]) -> str | None:
    if not _is(value, "number"):
        return None
    if "minimum" in schema and value < schema["minimum"]:
        return f"{value!r} is less than the minimum of {schema['minimum']!r}"
    if "maximum" in schema and value > schema["maximum"]:
        return f"{value!r} is greater than the maximum of {schema['maximum']!r}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        return f"{value!r} is not greater than {schema['exclusiveMinimum']!r}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        return f"{value!r} is not less than {schema['exclusiveMaximum']!r}"
    step = schema.get("multipleOf")
    if step and value % step:
        return f"{value!r} is not a multiple of {step!r}"
    return None


def _check_text(value: Any, schema: dict[str, Any]) -> str | None:
    if not isinstance(value, str):
        return None
    if len(value) < schema.get("minLength", 0):
        return f"{value!r} is too short"
    if len(value) > schema.get("maxLength", len(value)):
        return f"{value!r} is too long"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{value!r} does not match {schema['pattern']!r}"
    kind = schema.get("format")
    if kind in ("date", "date-time", "time"):
        import datetime

        reader: Any = {"date": datetime.date, "date-time": datetime.datetime, "time": datetime.time}[kind]
        try:
            reader.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return f"{value!r} is not a {kind!r}"
    return None


def _check_array(value: Any, schema: dict[str, Any]) -> str | None:
    if not isinstance(value, (list, tuple)):
        return None
    if len(value) < schema.get("minItems", 0):
        return f"{value!r} has too few items"
    if len(value) > schema.get("maxItems", len(value)):
        return f"{value!r} has too many items"
    if schema.get("uniqueItems") and any(item in value[:n] for n, item in enumerate(value)):
        return f"{value!r} has items that are equal"
    if "items" in schema:
        return next((p for p in (_check(item, schema["items"]) for item in value) if p is not None), None)
    return None


def _check_object(value: Any, schema: dict[str, Any]) -> str | None:
    if not isinstance(value, dict):
        return None
    for name in schema.get("required", ()):
        if name not in value:
            return f"{name!r} is missing"
    known = schema.get("properties", {})
    for name, item in value.items():
        inner = known.get(name, schema.get("additionalProperties", True))
        problem = _check(item, inner)
        if problem is not None:
            return f"{name}: {problem}"
    return None


def _check_combined(value: Any, schema: dict[str, Any]) -> str | None:
    for part in schema.get("allOf", ()):
        problem = _check(value, part)
        if problem is not None:
            return problem
    if "anyOf" in schema and all(_check(value, part) is not None for part in schema["anyOf"]):
        return f"{value!r} fits none of the allowed forms"
    if "oneOf" in schema and sum(_check(value, part) is None for part in schema["oneOf"]) != 1:
        return f"{value!r} must fit exactly one of the allowed forms"
    if "not" in schema and _check(value, schema["not"]) is None:
        return f"{value!r} is not allowed"
    return None
