"""Variants: the settings with other values laid over them, every combination of what the user names.

`--vary no_trade_band=0.01,0.02 --vary execution.latency_ms=50,200` gives four. Names are those of the settings file;
the section may be left out where only one has the name. The settings as they are need not be among them.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import product
from math import prod
from typing import Any

from flows.settings import Settings, load
from market.errors import SettingsError

SECTIONS = ("portfolio", "solver", "risk", "execution")  # what the trading flow reads; the market flow is run once
MOST_VARIANTS = 200

Values = Mapping[str, Any]  # by section.name


def variants_of(settings: Settings, varied: Sequence[str]) -> list[tuple[Values, Settings]]:
    """Each variant's own values and its settings; one without values where nothing is varied.

    Raises SettingsError for an unknown name, a value out of range, and more than MOST_VARIANTS variants.
    """
    choices = dict(_choice(text) for text in varied)
    if len(choices) < len(varied):
        raise SettingsError("each setting can be varied once; give all its values in one --vary, with commas")
    count = prod(len(values) for values in choices.values())
    if count > MOST_VARIANTS:
        raise SettingsError(f"--vary makes {count:,} variants; {MOST_VARIANTS} are the most, and each is a trial")
    combinations = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return [(values, laid_over(settings, values)) for values in combinations]


def name_of(values: Values) -> str:
    """A variant in a few words.

    >>> name_of({"portfolio.no_trade_band": 0.01}), name_of({})
    ('no_trade_band 0.01', 'as set')
    """
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in values.items()) or "as set"


def _choice(text: str) -> tuple[str, list[Any]]:
    name, equals, listed = text.partition("=")
    values = [_value(part.strip()) for part in listed.split(",") if part.strip()]
    if not equals or not values:
        raise SettingsError(f"--vary {text}: write NAME=VALUE,VALUE, as no_trade_band=0.01,0.02")
    if len(set(map(repr, values))) < len(values):
        raise SettingsError(f"--vary {text}: a value is there twice")
    return _full(name.strip()), values


def _full(name: str) -> str:
    """section.name of a setting of the trading flow."""
    known = [
        f"{section}.{field}"
        for section in SECTIONS
        for field in Settings.model_fields[section].default.__class__.model_fields
    ]
    found = [full for full in known if name in (full, full.partition(".")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingsError(f"--vary {name}: write {' or '.join(found)}")
    near = get_close_matches(name, known + [full.partition(".")[2] for full in known], n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; they are in {', '.join(SECTIONS)}"
    raise SettingsError(f"--vary {name}: there is no such setting of trading{hint}")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def laid_over(settings: Settings, values: Values) -> Settings:
    """The settings with values by section.name laid over them; raises SettingsError for one out of range."""
    tree = settings.model_dump()
    for full, value in values.items():
        section, _, name = full.partition(".")
        tree[section][name] = value
    return load(None, **tree)
