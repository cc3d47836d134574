"""Answers on the command line: SQL and status."""

import sys
from urllib.parse import unquote, urlsplit

import httpx

from flows.console import console
from flows.settings import Settings
from flows.tables import opened_store, server_dsn, store_dsn
from gateway.runfiles import store_port
from market.errors import SettingsError, StoreError

FORMATS = {"pretty": "PrettyCompactMonoBlock", "csv": "CSVWithNames", "json": "JSON", "parquet": "Parquet"}
QUERY_TIMEOUT_S = 600.0


def run_sql(settings: Settings, query: str, format_: str) -> None:
    """Print the answer to one statement; the bytes of the store, unchanged."""
    if format_ not in FORMATS:
        raise SettingsError(f"--format {format_} is unknown; write {', '.join(FORMATS)}")
    if format_ == "parquet" and sys.stdout.isatty():
        raise SettingsError("parquet is not text; send it to a file: barograph sql … --format parquet > answer.parquet")
    if not server_dsn(settings) and not (settings.data / "store").exists():
        raise StoreError(
            f"{settings.data} holds no store yet; `barograph up` or `barograph import` and `replay` make one"
        )
    with opened_store(settings) as dsn:
        _stream(dsn, query, FORMATS[format_])


def _stream(dsn: str, query: str, format_: str) -> None:
    url = urlsplit(dsn)
    scheme = "https" if url.scheme == "https" else "http"
    port = url.port or (8443 if scheme == "https" else 8123)
    parameters = {"database": url.path.strip("/") or "barograph", "default_format": format_, "wait_end_of_query": "1"}
    user = (unquote(url.username or "default"), unquote(url.password or ""))
    address = f"{scheme}://{url.hostname}:{port}/"
    with (
        httpx.Client(timeout=QUERY_TIMEOUT_S, trust_env=False) as client,
        client.stream("POST", address, params=parameters, content=query.encode(), auth=user) as answer,
    ):
        if answer.status_code != 200:
            raise StoreError(answer.read().decode("utf-8", "replace").strip())
        for chunk in answer.iter_bytes():
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def run_status(settings: Settings, *, as_json: bool) -> None:
    """Print what runs, what was recorded and what is wrong."""
    from flows.status import render_status, status, status_json

    running = bool(server_dsn(settings)) or store_port(settings.data) is not None
    found = status(settings.data, store_dsn(settings) if running else None)
    if as_json:
        print(status_json(found))
    else:
        console().print(render_status(found))


def run_availability(settings: Settings, *, as_json: bool) -> None:
    """Print what every subscription may still be down; of the running store, or of the folder opened for this."""
    from flows.availability import availability_json, budgets, render_availability

    if not server_dsn(settings) and not (settings.data / "store").exists():
        raise StoreError(f"{settings.data} holds no store yet; `barograph up` makes one")
    with opened_store(settings) as dsn:
        found = budgets(dsn)
    if as_json:
        print(availability_json(found))
    else:
        console().print(render_availability(found))
