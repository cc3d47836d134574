"""The settings as the TOML file that explains them, and that `load` reads back."""

import os
from pathlib import Path
from typing import Any

from flows.live import LIMITS
from flows.settings import Settings
from flows.settings_section import Section


def example() -> str:
    """The default settings as a commented TOML file. Limits that a person must set for live trading are comments too:
    who keeps this file has not set them.

    >>> example().splitlines()[1]
    'data = "barograph-data"'
    """
    unset = tuple(f"{name} = " for name in LIMITS)
    lines = as_toml(Settings()).splitlines()
    return "\n".join(f"# {line}" if line.startswith(unset) else line for line in lines) + "\n"


def as_toml(settings: Settings) -> str:
    """Any settings as the commented TOML file that `load` reads back."""
    lines = _section(settings)
    for name in Settings.model_fields:
        part = getattr(settings, name)
        if isinstance(part, Section):
            lines += ["", f"[{name}]", f"# {(type(part).__doc__ or '').splitlines()[0]}", *_section(part)]
    return "\n".join(lines) + "\n"


def save_settings(settings: Settings, name: str) -> Path:
    """Write settings where another process can read them, in one step; secrets are not among them."""
    path = settings.data / "run" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(as_toml(settings), "utf-8")
    partial.replace(path)
    return path


def _section(part: Section) -> list[str]:
    lines: list[str] = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if not isinstance(value, Section):
            lines += [f"# {field.description}", f"{name} = {_toml(value)}"]
    return lines


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(key)} = {_toml(held)}" for key, held in value.items()) + " }"
    if isinstance(value, str | Path):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
