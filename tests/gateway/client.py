"""Requests to the application without a socket."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


class Client:
    """Asks an application as a browser on this machine would, or under another host name."""

    def __init__(self, api: FastAPI, host: str = "127.0.0.1") -> None:
        self._api = api
        self._base = f"http://{host}"

    def get(self, path: str, **options: Any) -> httpx.Response:
        """One GET; a bug of the application is its answer 500 and not an exception here."""
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""
        return asyncio.run(self._ask(method, path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
            return await client.request(method, path, **options)
