"""One way to reach a store, embedded or a server: clickhouse-connect over HTTP, no sessions, errors in one sentence."""

import logging
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error
from urllib3 import PoolManager

from market.errors import StoreError

DATABASE = "barograph"
CONNECTIONS = 16  # kept alive by one client; more are made when needed and closed after use
AUTHENTICATION_FAILED = 516

logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # its failures reach us as exceptions, told once


def connect(dsn: str, **options: Any) -> Client:
    """A client for http[s]://user:password@host:port/database that many threads may share.

    Creates the database where it is missing: always an Atomic one, as chDB's own default database lacks half of the
    engine. `options` go to clickhouse_connect.get_client. Raises StoreError when the store cannot be reached or
    refuses.
    """
    parts = urlsplit(dsn)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreError(f"{_public(dsn)} is not a store; write it as http://user:password@host:8123/{DATABASE}")
    database = unquote(parts.path.strip("/")) or DATABASE
    arguments: dict[str, Any] = {
        "interface": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or (8443 if parts.scheme == "https" else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "autogenerate_session_id": False,  # one session allows one query at a time
        "pool_mgr": PoolManager(num_pools=2, maxsize=CONNECTIONS, retries=False),
        "tz_source": "server",
        "connect_timeout": 5,
        **options,
    }
    try:
        return _opened(arguments, database)
    except Error as error:
        if error.code == AUTHENTICATION_FAILED:
            raise StoreError(f"the store at {_public(dsn)} refuses this user or password") from error
        if error.code:
            raise StoreError(f"the store at {_public(dsn)} refuses to be opened: {error}") from error
        raise StoreError(
            f"no store answers at {_public(dsn)}; start it with `barograph store`, or all with `barograph up`"
        ) from error


def _opened(arguments: dict[str, Any], database: str) -> Client:
    client = clickhouse_connect.get_client(**arguments)
    exists = client.command("exists database {name:Identifier}", parameters={"name": database})
    if not exists:
        client.command("create database if not exists {name:Identifier} engine = Atomic", parameters={"name": database})
    client.database = database
    return client


def _public(dsn: str) -> str:
    """The DSN without its password."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn
    return dsn.replace(f":{parts.password}@", ":…@", 1)
