"""Large answers are bounded in number, and a client that does not take them is cut off."""

import asyncio
import logging
import threading

import pytest
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway import sending
from gateway.sending import TAKEN, Sending, Slots

BODY = bytes(range(256)) * 4_096


def asked(scope) -> Request:
    return Request({"type": "http", **scope})


def test_there_are_so_many_slots_and_no_more():
    slots, scope = Slots(2), {TAKEN: []}
    slots.take(asked(scope))
    slots.take(asked(scope))
    with pytest.raises(HTTPException) as refused:
        slots.take(asked(scope))
    assert (refused.value.status_code, refused.value.headers) == (503, {"retry-after": "2"})


def answered(slots: Slots, send) -> None:
    async def inner(scope, receive, send):
        slots.take(asked(scope))
        await Response(BODY)(scope, receive, send)

    asyncio.run(Sending(inner)({"type": "http", "method": "GET", "path": "/"}, lambda: None, send))


def test_a_large_body_goes_out_in_pieces_and_whole():
    sent = []

    async def send(message):
        sent.append(message)

    slots = Slots(1)
    for _ in range(2):  # the slot was given back
        sent.clear()
        answered(slots, send)
        pieces = [message for message in sent if message["type"] == "http.response.body"]
        assert b"".join(message["body"] for message in pieces) == BODY
        assert [message["more_body"] for message in pieces] == [True] * (len(pieces) - 1) + [False]
        assert max(len(message["body"]) for message in pieces) == sending.SEND_CHUNK_BYTES


def test_who_takes_nothing_is_cut_off_and_the_slot_is_free_again(monkeypatch, caplog):
    monkeypatch.setattr(sending, "SEND_TIMEOUT_S", 0.02)
    caplog.set_level(logging.WARNING, "barograph.gateway")
    slots = Slots(1)

    async def stuck(message):
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    for _ in range(2):
        answered(slots, stuck)
    assert "cut off" in caplog.text


def test_a_slot_is_given_back_where_the_answer_fails():
    slots = Slots(1)

    async def failing(scope, receive, send):
        slots.take(asked(scope))
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            asyncio.run(Sending(failing)({"type": "http", "method": "GET", "path": "/"}, lambda: None, lambda _: None))
    assert threading.active_count() < 50
