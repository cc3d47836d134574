"""Webhooks: add, list, show, test, replay, rotate, disable, enable, remove, log."""

from collections.abc import Sequence
from typing import Annotated

import typer

from flows.commands.options import Config, Data, seconds, settings_of

webhooks = typer.Typer(
    help="Webhooks: whom signals, changes of regime and risk events are sent to. `barograph deliver` sends them.",
    no_args_is_help=True,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `barograph webhook list` shows.")]
NONE = ("0", "0s", "0m", "0h")  # of an overlap: as after a leak
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@webhooks.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to: https://host/path.")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="signal, regime_change, risk_event; with commas or repeated. All by default."),
    ] = None,
    venue: Annotated[list[str] | None, typer.Option(help="Only of these venues; with commas or repeated.")] = None,
    instrument: Annotated[
        list[str] | None, typer.Option(help="Only of these instruments; with commas or repeated.")
    ] = None,
    timeframe: Annotated[
        list[str] | None, typer.Option(help="ultra_short, short, medium, long; with commas or repeated.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(help="Only signals and changes of regime of at least this probability, 0 to 1.")
    ] = 0.0,
    tenant: Annotated[str, typer.Option(help="Whose it is; only `default` hears of the account.")] = "default",
    config: Config = None,
    data: Data = None,
) -> None:
    """Add a webhook, and print its secret, once: the receiver verifies signatures with it.

    It hears of what happens from now on. The order of what it is sent is not kept: `sequence` and `index` say it.
    """
    from flows.webhooks import run_add
    from sinks.webhook.filters import Filters

    filters = Filters(
        kinds=_names(kind),
        venues=_names(venue),
        instruments=_names(instrument),
        timeframes=_names(timeframe),
        min_confidence=min_confidence,
    )
    run_add(settings_of(config, data), url, filters, tenant)


@webhooks.command("list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only of this tenant.")] = None,
    json: AsJson = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """List the webhooks, without their secrets, and how their deliveries stand."""
    from flows.webhooks import run_list

    run_list(settings_of(config, data), tenant, as_json=json)


@webhooks.command()
def show(webhook: Id, json: AsJson = False, config: Config = None, data: Data = None) -> None:
    """Show one webhook, its newest deliveries, and what it missed."""
    from flows.webhooks import run_show

    run_show(settings_of(config, data), webhook, as_json=json)


@webhooks.command("test")
def try_(webhook: Id, config: Config = None, data: Data = None) -> None:
    """Send a message of type `test`, and say what came of it; exit code 1 if it was not taken.

    `barograph deliver` sends it where it runs, otherwise this command does.
    """
    from flows.webhooks import run_test

    raise typer.Exit(run_test(settings_of(config, data), webhook))


@webhooks.command()
def replay(
    webhook: Id,
    delivery: Annotated[str | None, typer.Option("--delivery", help="One delivery: its webhook-id.")] = None,
    since: Annotated[str | None, typer.Option(help="Events received since then: 2026-11-23T05:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="And before then; now by default.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
    missed: Annotated[
        bool, typer.Option("--missed", help="What was not queued, as far as the broadcast journal still holds it.")
    ] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Send deliveries again, with the ids that they had: one, those of a time, the dead, or what was missed."""
    from flows.webhooks import run_replay

    run_replay(
        settings_of(config, data), webhook, delivery=delivery, since=since, until=until, dead=dead, missed=missed
    )


@webhooks.command()
def rotate(
    webhook: Id,
    overlap: Annotated[str, typer.Option(help="How long older secrets sign as well: 0, 60s, 5m or 24h.")] = "24h",
    config: Config = None,
    data: Data = None,
) -> None:
    """Make a new secret, and print it, once; until the overlap is over every message is signed with the old one too."""
    from flows.webhooks import run_rotate

    run_rotate(settings_of(config, data), webhook, 0.0 if overlap in NONE else seconds(overlap) or 0.0)


@webhooks.command()
def disable(webhook: Id, config: Config = None, data: Data = None) -> None:
    """Send a webhook nothing until it is enabled; what happens meanwhile it misses (`replay --missed`)."""
    from flows.webhooks import run_change

    run_change(settings_of(config, data), "disable", webhook)


@webhooks.command()
def enable(webhook: Id, config: Config = None, data: Data = None) -> None:
    """Enable a webhook that was disabled, by hand or because its receiver was gone; go on with what is pending."""
    from flows.webhooks import run_change

    run_change(settings_of(config, data), "enable", webhook)


@webhooks.command()
def remove(webhook: Id, config: Config = None, data: Data = None) -> None:
    """Forget a webhook, its secrets and its deliveries; the log in the table webhook_deliveries stays."""
    from flows.webhooks import run_change

    run_change(settings_of(config, data), "remove", webhook)


@webhooks.command()
def log(
    webhook: Id,
    delivery: Annotated[str | None, typer.Option("--delivery", help="Only this one: its webhook-id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Newest attempts, at most.")] = 50,
    json: AsJson = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Show the newest attempts; all of them are in the table webhook_deliveries."""
    from flows.webhooks import run_log

    run_log(settings_of(config, data), webhook, delivery or "", limit, as_json=json)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(webhooks, name="webhook", rich_help_panel="Wire up")


def _names(given: Sequence[str] | None) -> tuple[str, ...]:
    """What was given, by repetition or with commas."""
    return tuple(name.strip() for part in given or () for name in part.split(",") if name.strip())
