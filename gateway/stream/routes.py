"""The routes of the stream: the WebSocket, and tickets for those who can send no header."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, WebSocket

from gateway.caller import NOBODY, Caller, caller_of, declares, needs
from gateway.limits import TICKET_S
from gateway.stream import messages
from gateway.stream.client import Client
from gateway.stream.hub import Hub
from gateway.stream.messages import NO_KEY, SCOPE, RefusedError
from gateway.stream.tickets import Tickets


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """To be used once, as `?ticket=` of the WebSocket."""

    ticket: str
    expires_s: int


def stream(hub: Hub, tickets: Tickets) -> APIRouter:
    """The routes over one hub."""
    api = APIRouter(prefix="/api/v1", tags=["stream"])

    @api.post("/stream/ticket")
    async def ticket(caller: Annotated[Caller, needs("stream")]) -> Ticket:
        """A ticket with which a browser may open the stream: `/api/v1/stream?ticket=…`, once, within 30 s."""
        return Ticket(ticket=tickets.give(caller), expires_s=TICKET_S)

    @api.websocket("/stream", dependencies=[declares("stream")])
    async def stream_(socket: WebSocket) -> None:
        """Live events, with sequences to go on from."""
        await socket.accept()
        caller = caller_of(socket)
        shown = socket.query_params.get("ticket", "")
        if shown and caller == NOBODY:
            caller = tickets.take(shown) or NOBODY
        refused = _refusal(caller)
        if refused is None:
            await Client(socket, hub, caller).run()
        else:
            await socket.send_text(messages.failed(refused))
            await socket.close(refused.close, refused.detail)

    return api


def _refusal(caller: Caller) -> RefusedError | None:
    if caller == NOBODY:
        return RefusedError(NO_KEY, "no_key", "a key, or a ticket that was not used yet, is needed")
    if not caller.may("stream"):
        return RefusedError(SCOPE, "scope", "this key does not have the scope stream")
    return None
