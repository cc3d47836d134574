"""Large answers are bounded in number, and a client that does not take them is cut off."""

import asyncio
import logging

import pytest
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway import sending
from gateway.caller import Caller
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


@pytest.mark.parametrize("most", ["SEND_TIMEOUT_S", "ANSWER_TIMEOUT_S"])
def test_who_takes_a_small_answer_or_every_piece_too_slowly_is_cut_off(monkeypatch, caplog, most):
    monkeypatch.setattr(sending, most, 0.1)
    caplog.set_level(logging.WARNING, "barograph.gateway")
    pieces = []

    async def slowly(message):
        if message["type"] == "http.response.body":
            await asyncio.sleep(0.05 if most == "ANSWER_TIMEOUT_S" else 30)
            pieces.append(message)

    async def inner(scope, receive, send):
        await Response(BODY if most == "ANSWER_TIMEOUT_S" else b"small")(scope, receive, send)

    asyncio.run(Sending(inner)({"type": "http", "method": "GET", "path": "/"}, lambda: None, slowly))
    assert "cut off" in caplog.text
    assert len(pieces) < 4


def test_the_end_of_a_large_answer_waits_until_the_rest_was_taken():
    sent = []

    async def send(message):
        sent.append(message)

    answered(Slots(1), send)
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_one_key_leaves_slots_to_others():
    slots, (one, other) = Slots(3, of_a_key=2), (Caller("t", frozenset(), key, False) for key in ("a", "b"))
    scope = {TAKEN: [], "caller": one}
    slots.take(asked(scope))
    slots.take(asked(scope))
    with pytest.raises(HTTPException):
        slots.take(asked(scope))
    slots.take(asked({TAKEN: [], "caller": other}))
    scope[TAKEN].pop()()
    slots.take(asked(scope))
