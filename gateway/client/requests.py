"""GETs that are tried again where that may help, and answers that say what is wrong."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from gateway.client.errors import ApiError

Parameters = Mapping[str, str | int]
AGAIN = (429, 502, 503, 504)
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0


class Requests:
    """Requests to one gateway. `wait` is how it waits between attempts; `attempts` counts the first."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float,
        attempts: int,
        transport: httpx.BaseTransport | None,
        wait: Callable[[float], object] | None,
    ) -> None:
        headers = {"x-api-key": key} if key else {}
        # Neither proxies nor .netrc of the environment: a key goes where the URL says and nowhere else.
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=timeout_s,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )
        self._attempts, self._wait = attempts, wait or threading.Event().wait

    def get(self, path: str, parameters: Parameters, *, accept: str = "application/json") -> httpx.Response:
        """An answer 200; raises ApiError, or httpx.TransportError where nobody answers to the last attempt."""
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                answer = self._http.get(path, params={**parameters}, headers={"accept": accept})
            except httpx.TransportError:
                if last:
                    raise
                self._wait(pause_s(attempt, ""))
                continue
            if answer.status_code == 200:
                return answer
            if last or answer.status_code not in AGAIN:
                raise failure(answer)
            self._wait(pause_s(attempt, answer.headers.get("retry-after", "")))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def pause_s(attempt: int, told: str) -> float:
    """How long to wait before the next attempt: as the gateway says, else twice as long each time.

    >>> pause_s(1, ""), pause_s(3, ""), pause_s(1, "2"), pause_s(1, "86400")
    (0.2, 0.8, 2.0, 10.0)
    """
    asked = float(told) if told.isascii() and told.isdigit() else FIRST_WAIT_S * 2.0 ** (attempt - 1)
    return min(asked, LONGEST_WAIT_S)


def failure(answer: httpx.Response) -> ApiError:
    """An answer as an error."""
    try:
        told: Any = answer.json()
        detail = str(told["detail"])
    except (ValueError, KeyError, TypeError):
        detail = answer.reason_phrase or "no explanation"
    return ApiError(answer.status_code, detail)
