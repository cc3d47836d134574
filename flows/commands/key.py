"""API keys: make, list, revoke."""

import re
from typing import Annotated

import typer

from flows.commands.options import Config, Data, settings_of
from gateway.caller import DEFAULT_TENANT, SCOPES
from gateway.keys import Key, Keys
from gateway.limits import KEY_RATE_PER_S, MAX_KEY_RATE_PER_S
from gateway.rows import time_text
from market.clock import SECOND_NS, SystemClock
from market.errors import SettingsError

DAY_NS = 86_400 * SECOND_NS
NAME = re.compile(r"[\w .@:+-]{1,64}")
LIFE = re.compile(r"([1-9][0-9]{0,4})([hd])|never")

keys = typer.Typer(
    help="API keys of the gateway: make, list, revoke. As soon as there is one, every request needs one.",
    no_args_is_help=True,
)


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for, so that you know it again in the list.")],
    scopes: Annotated[
        str, typer.Option(help=f"What it may, with commas: {', '.join(SCOPES)}.", show_default=True)
    ] = "read,stream",
    tenant: Annotated[str, typer.Option(help="Whose it is; only `default` sees the account.")] = DEFAULT_TENANT,
    expires: Annotated[str, typer.Option(help="How long it counts: 12h, 90d, never.")] = "365d",
    rate: Annotated[
        int,
        typer.Option(min=1, max=MAX_KEY_RATE_PER_S, help="Requests a second; it may ask two seconds' worth at once."),
    ] = KEY_RATE_PER_S,
    config: Config = None,
    data: Data = None,
) -> None:
    """Make a key and print it, once: only its SHA-256 is kept. A running gateway knows it at once."""
    clock = SystemClock()
    made = Keys(settings_of(config, data).data, clock).add(
        name=_name(name, "NAME"),
        scopes=_scopes(scopes),
        tenant=_name(tenant, "--tenant"),
        rate_per_s=rate,
        expires_ns=_expiry(expires, clock.now_ns()),
    )
    typer.echo(made.text)
    typer.echo(f"key {made.id}: keep it now, it is shown only this once", err=True)


@keys.command("list")
def list_(config: Config = None, data: Data = None) -> None:
    """List the keys that were made, without their secrets."""
    clock = SystemClock()
    for key in Keys(settings_of(config, data).data, clock).all():
        typer.echo("  ".join(_told(key, clock.now_ns())))


@keys.command()
def revoke(
    public: Annotated[str, typer.Argument(metavar="ID", help="Of the list; the part between bg_ and the next _.")],
    config: Config = None,
    data: Data = None,
) -> None:
    """End a key. A running gateway refuses it from then on, and ends its streams within a second."""
    if not Keys(settings_of(config, data).data, SystemClock()).revoke(public):
        raise SettingsError(f"there is no key {public!r}; `barograph key list` shows them")
    typer.echo(f"key {public} is revoked")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(keys, name="key", rich_help_panel="Wire up")


def _scopes(text: str) -> list[str]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in asked if part not in SCOPES]
    if wrong or not asked:
        raise typer.BadParameter(f"{text!r} names no scopes; there are {', '.join(SCOPES)}")
    return asked


def _name(text: str, what: str) -> str:
    if NAME.fullmatch(text) is None:
        raise typer.BadParameter(f"{what} is 1 to 64 letters, digits, spaces and . @ : + - _")
    return text


def _expiry(text: str, now_ns: int) -> int | None:
    """When a key ends, ns.

    >>> _expiry("2d", 0) == 2 * DAY_NS, _expiry("never", 0)
    (True, None)
    """
    found = LIFE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no length of life; write 12h, 90d or never")
    if text == "never":
        return None
    return now_ns + int(found[1]) * (DAY_NS if found[2] == "d" else DAY_NS // 24)


def _told(key: Key, now_ns: int) -> tuple[str, ...]:
    ends = "never expires" if key.expires_ns is None else f"expires {time_text(key.expires_ns)[:19]}Z"
    state = "revoked" if key.revoked_ns is not None else "counts" if key.counts(now_ns) else "expired"
    scopes = ",".join(sorted(key.scopes))
    return (key.id, f"{state:7}", f"{key.tenant}", f"{scopes}", f"{key.rate_per_s}/s", ends, key.name)
