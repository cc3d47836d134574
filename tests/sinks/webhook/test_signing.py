"""Signatures are those of the Standard Webhooks: of its published vector, its own library, and of no changed byte."""

import json
import random
import time
from base64 import b64encode
from datetime import UTC, datetime

import pytest
import standardwebhooks
from standardwebhooks.webhooks import WebhookVerificationError

from sinks.webhook.errors import WebhookError
from sinks.webhook.signing import headers, new_secret, secret_of, shown, signature, verify

SECRET = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, NOW_S = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330
BODY = b'{"test": 2432232314}'
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


def theirs(secret: bytes, given: dict[str, str], body: bytes) -> bool:
    """Whether the library of the specification takes a request."""
    try:
        standardwebhooks.Webhook(shown(secret)).verify(body, given, json_parse=False)
    except (WebhookVerificationError, ValueError, UnicodeDecodeError):
        return False
    return True


def test_the_published_vector_is_signed_and_verified() -> None:
    given = headers([SECRET], ID, NOW_S, BODY)
    assert given["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert verify(SECRET, given, BODY, now_s=NOW_S)


def test_their_library_takes_what_we_sign_and_we_take_what_it_signs() -> None:
    now_s, secret = int(time.time()), new_secret()
    body = json.dumps({"type": "signal", "data": {"instrument": "BTCUSDT", "why": "×"}}).encode()
    assert theirs(secret, headers([secret], ID, now_s, body), body)
    signed = standardwebhooks.Webhook(shown(secret)).sign(ID, datetime.fromtimestamp(now_s, UTC), body.decode())
    given = {"webhook-id": ID, "webhook-timestamp": str(now_s), "webhook-signature": signed}
    assert verify(secret, given, body, now_s=now_s)
    assert not verify(new_secret(), given, body, now_s=now_s)
    assert not theirs(new_secret(), headers([secret], ID, now_s, body), body)


def test_no_change_of_one_bit_ever_verifies() -> None:
    draw, now_s, secret = random.Random(7), int(time.time()), new_secret()
    body = json.dumps({"type": "signal", "data": {"evidence": {str(n): n / 3 for n in range(30)}}}).encode()
    given = headers([secret, new_secret()], ID, now_s, body)
    assert verify(secret, given, body, now_s=now_s)
    fields = {**{name: value.encode() for name, value in given.items()}, "body": body}
    passed: list[tuple[str, int]] = []
    for number in range(10_000):
        name = (*NAMES, "body")[number % 4]
        bit = draw.randrange(len(fields[name]) * 8)
        if name == "webhook-signature":
            bit = draw.randrange(fields[name].index(b" ") * 8)  # of the signature that this secret made
        changed = bytearray(fields[name])
        changed[bit // 8] ^= 1 << bit % 8
        told = {one: (bytes(changed) if one == name else value) for one, value in fields.items()}
        texts = {one: told[one].decode("latin-1") for one in NAMES}
        if verify(secret, texts, told["body"], now_s=now_s):
            passed.append((name, bit))
        if name in ("webhook-id", "body") and number % 10 < 2 and theirs(secret, texts, told["body"]):
            passed.append((f"{name} at theirs", bit))
    assert passed == []


def test_a_body_that_was_parsed_and_written_again_does_not_verify() -> None:
    given = headers([SECRET], ID, NOW_S, BODY)
    assert not verify(SECRET, given, json.dumps(json.loads(BODY), separators=(",", ":")).encode(), now_s=NOW_S)


def test_what_is_older_or_newer_than_five_minutes_does_not_verify() -> None:
    given = headers([SECRET], ID, NOW_S, BODY)
    judged = [verify(SECRET, given, BODY, now_s=NOW_S + age) for age in (-301, -300, 300, 301)]
    assert judged == [False, True, True, False]


def test_every_valid_secret_signs_and_a_receiver_may_hold_either() -> None:
    old, new = new_secret(), new_secret()
    now_s = int(time.time())
    given = headers([new, old], ID, now_s, BODY)
    assert given["webhook-signature"].count("v1,") == 2
    assert [verify(one, given, BODY, now_s=now_s) for one in (old, new, new_secret())] == [True, True, False]
    assert theirs(old, given, BODY)
    assert theirs(new, given, BODY)


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_secret_has_24_to_64_bytes(size: int) -> None:
    with pytest.raises(WebhookError):
        secret_of("whsec_" + b64encode(b"x" * size).decode())


def test_an_id_that_could_move_the_border_of_what_is_signed_is_not_signed() -> None:
    with pytest.raises(ValueError, match="full stop"):
        signature(SECRET, "msg.1", NOW_S, BODY)
