"""The Python client: `from gateway.client import Client`. History as frames in one call, and the live stream.

It needs httpx, polars and websockets, and nothing else of Barograph.
"""

from gateway.client.client import Client
from gateway.client.errors import ApiError, MissedError, StreamError
from gateway.client.live import Events, Stream
from gateway.client.rows import Rows

__all__ = ["ApiError", "Client", "Events", "MissedError", "Rows", "Stream", "StreamError"]
