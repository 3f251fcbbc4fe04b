"""Configuration: nested frozen dataclasses, read strictly from YAML files, dictionaries and ``key=value`` overrides.

Strict means that a typing mistake never passes: an unknown key is an error that names the nearest known one, and a
value of the wrong type is an error that names the key. Supported field types: bool, int, float, str, Path, Literal,
Any, nested dataclasses, unions (``int | None``), tuple, list and dict of these.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast

import yaml

from sightline.core.errors import SightlineError, did_you_mean

T = TypeVar("T")


class _Text(str):
    """The right-hand side of a command-line override: plain text for a str field, YAML for every other type."""


def load_config(cls: type[T], source: Path | str | Mapping | T | None = None, overrides: Iterable[str] = ()) -> T:
    """Build the dataclass ``cls`` from a YAML file, a dictionary or another instance, then apply overrides.

    Args:
        cls: a dataclass; its defaults fill whatever ``source`` leaves out.
        source: path of a YAML file, a (nested) mapping, an instance of ``cls``, or None for the defaults alone.
        overrides: assignments such as ``"optimiser.rate=3e-4"``; dots reach nested fields, the value is YAML.

    Raises:
        SightlineError: unreadable file, malformed override, unknown or missing key, or a value of the wrong type.
    """
    values = _read(cls, source)
    for assignment in overrides:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise SightlineError(f"The override '{assignment}' is not of the form key=value, e.g. steps=100.")
        _assign(values, key.strip().split("."), _Text(text.strip()), assignment)
    return cast(T, _build(cls, values, "", cls))


def to_dict(config: Any) -> Any:
    """A YAML- and JSON-ready copy of a configuration: dataclasses become dicts, tuples lists, paths strings."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return {field.name: to_dict(getattr(config, field.name)) for field in dataclasses.fields(config) if field.init}
    if isinstance(config, Mapping):
        return {key: to_dict(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [to_dict(value) for value in config]
    return str(config) if isinstance(config, Path) else config


def save_yaml(config: Any, path: Path | str) -> None:
    """Write a configuration so that :func:`load_config` reads back an equal one. Creates the parent folder."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Plain ASCII with escapes: YAML reads some unescaped characters (U+0085) back as line breaks.
    path.write_text(yaml.safe_dump(to_dict(config), sort_keys=False), encoding="ascii")


def _read(cls: type, source: Any) -> dict:
    if source is None:
        return {}
    if isinstance(source, (cls, Mapping)):
        return to_dict(source)
    path = Path(source)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SightlineError(f"Cannot read the configuration file {path}: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError) as error:  # dates and numbers that are none, bytes that are no text
        raise SightlineError(
            f"The configuration file {path} is not valid YAML: {' '.join(str(error).split())}."
        ) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SightlineError(
            f"The configuration file {path} must hold 'key: value' lines, not a {type(values).__name__}."
        )
    return values


def _assign(values: dict, keys: Sequence[str], text: _Text, assignment: str) -> None:
    """Put ``text`` into the nested dictionary at the path ``keys``."""
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if inner is None:  # an optional group that was switched off comes back with its defaults
            inner = values[key] = {}
        if not isinstance(inner, dict):
            raise SightlineError(f"The override '{assignment}' goes into '{key}', which has no keys of its own.")
        values = inner
    values[keys[-1]] = text


def _dotted(cls: type, prefix: str = "") -> Iterator[str]:
    """All keys of ``cls``, nested ones as dotted paths."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        yield prefix + field.name
        for kind in (hints[field.name], *typing.get_args(hints[field.name])):
            if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                yield from _dotted(kind, f"{prefix}{field.name}.")


def _suggestion(key: str, prefix: str, names: list[str], root: type) -> str:
    """The nearest known key: of the same group first, else the same word in another group."""
    if hint := did_you_mean(key, names):
        return hint
    elsewhere = [path for path in _dotted(root) if path.rpartition(".")[2] == key]
    return (
        f" (did you mean '{elsewhere[0]}'?)"
        if elsewhere
        else f" (known{' there' if prefix else ''}: {', '.join(names)})"
    )


def _build(cls: type, values: Mapping, prefix: str, root: type) -> Any:
    """An instance of the dataclass ``cls``; ``prefix`` is the dotted path to it, for messages."""
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    hints = typing.get_type_hints(cls)
    ready = {}
    for key, value in values.items():
        if key not in fields:
            hint = _suggestion(str(key), prefix, list(fields), root)
            raise SightlineError(f"Unknown configuration key '{prefix}{key}'{hint}.")
        ready[key] = _convert(value, hints[key], f"{prefix}{key}", root)
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in ready:
            raise SightlineError(f"The configuration key '{prefix}{name}' is missing and has no default.")
    return cls(**ready)


def _convert(value: Any, kind: Any, key: str, root: type) -> Any:
    """``value`` as the annotated type ``kind``; raises SightlineError that names ``key``."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(value, args, key, root)
    if isinstance(value, _Text):
        if kind is str:
            return str(value)
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError:
            raise _wrong(value, kind, key) from None
    if kind is Any:
        return value
    if origin is Literal:
        if value in args and any(type(value) is type(choice) and value == choice for choice in args):
            return value
        choices = ", ".join(map(str, args))
        raise SightlineError(f"The configuration key '{key}' must be one of {choices}, not {value!r}.")
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if isinstance(value, Mapping):
            return _build(kind, value, f"{key}.", root)
        raise _wrong(value, kind, key)
    if (origin or kind) in (tuple, list, dict):
        return _convert_container(value, origin or kind, args, key, root)
    return _convert_scalar(value, kind, key)


def _convert_union(value: Any, choices: tuple, key: str, root: type) -> Any:
    """What the first member of the union makes of ``value``; with only one member its own error is raised."""
    if type(None) in choices and (
        value is None or (isinstance(value, _Text) and value.lower() in ("null", "none", "~"))
    ):
        return None
    # Text is tried as a number or a flag first, or every override of `int | str` would stay a string.
    members = sorted((choice for choice in choices if choice is not type(None)), key=lambda choice: choice is str)
    for choice in members:
        try:
            return _convert(value, choice, key, root)
        except SightlineError as error:
            if len(members) == 1:
                raise error
    raise _wrong(value, " | ".join(_name(choice) for choice in choices), key)


def _convert_container(value: Any, kind: type, args: tuple, key: str, root: type) -> Any:
    if kind is dict:
        if not isinstance(value, Mapping):
            raise _wrong(value, "mapping", key)
        inner = args[1] if args else Any
        return {name: _convert(item, inner, f"{key}.{name}", root) for name, item in value.items()}
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "list", key)
    if kind is tuple and args and args[-1] is not Ellipsis:
        if len(value) != len(args):
            raise SightlineError(f"The configuration key '{key}' needs {len(args)} values, not {len(value)}.")
        return tuple(
            _convert(item, inner, f"{key}[{i}]", root) for i, (item, inner) in enumerate(zip(value, args, strict=True))
        )
    inner = args[0] if args else Any
    return kind(_convert(item, inner, f"{key}[{i}]", root) for i, item in enumerate(value))


def _convert_scalar(value: Any, kind: Any, key: str) -> Any:
    if kind is float and (isinstance(value, str) or type(value) is int):
        # YAML 1.1 reads 3e-4 (no dot) as a string; everybody means the number.
        try:
            return float(value)
        except (ValueError, OverflowError):
            raise _wrong(value, kind, key) from None
    if kind is Path and isinstance(value, str):
        return Path(value)
    # bool is a subclass of int, so the exact type is asked for: `steps: true` is a mistake.
    if type(value) is kind or (kind is Path and isinstance(value, Path)):
        return value
    raise _wrong(value, kind, key)


def _name(kind: Any) -> str:
    return "none" if kind is type(None) else getattr(kind, "__name__", str(kind))


def _wrong(value: Any, kind: Any, key: str) -> SightlineError:
    expected = kind if isinstance(kind, str) else "mapping" if dataclasses.is_dataclass(kind) else _name(kind)
    shown = "nothing" if value is None else f"{str(value)!r} ({type(value).__name__.lstrip('_').lower()})"
    return SightlineError(f"The configuration key '{key}' expects {expected}, not {shown}.")
