import base64
import json
from typing import Any

import pytest

from market.clock import SECOND_NS, ManualClock
from market.errors import SettingsError
from sources import coinbase_token
from sources.coinbase_token import LIFE_S, signer

pytest.importorskip("cryptography", reason="extra coinbase is not installed")

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

NAME = "organizations/o/apiKeys/k"
KEY = ec.generate_private_key(ec.SECP256R1())
NOW_S = 1_790_000_000
MESSAGE = b'{"type":"subscribe","product_ids":["ETH-USD"],"channel":"level2"}'


def pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()  # type: ignore[no-any-return]


def signed(text: str) -> dict[str, Any]:
    sign = signer({"coinbase_key_name": NAME, "coinbase_private_key": text}, ManualClock(NOW_S * SECOND_NS))
    found: dict[str, Any] = json.loads(sign(MESSAGE))
    return found


def part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("line_end", ["\n", "\\n"])
def test_a_subscription_carries_a_token_that_the_public_key_verifies(line_end: str) -> None:
    message = signed(pem(KEY).replace("\n", line_end))
    header, claims, signature = message.pop("jwt").split(".")
    assert message == json.loads(MESSAGE)
    assert json.loads(part(header)).items() >= {"alg": "ES256", "kid": NAME, "typ": "JWT"}.items()
    assert json.loads(part(claims)) == {"iss": "cdp", "sub": NAME, "nbf": NOW_S, "exp": NOW_S + LIFE_S}
    raw = part(signature)
    assert len(raw) == 64
    pair = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    KEY.public_key().verify(pair, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def test_every_message_has_a_token_of_its_own() -> None:
    assert signed(pem(KEY))["jwt"] != signed(pem(KEY))["jwt"]


@pytest.mark.parametrize(
    "text", ["no key", pem(ec.generate_private_key(ec.SECP384R1())), pem(ed25519.Ed25519PrivateKey.generate())]
)
def test_another_kind_of_key_is_a_mistake_in_the_settings_that_does_not_show_it(text: str) -> None:
    with pytest.raises(SettingsError, match="BAROGRAPH_COINBASE_PRIVATE_KEY") as error:
        signed(text)
    assert text not in str(error.value)


def test_without_the_library_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(coinbase_token, "import_module", missing)
    with pytest.raises(SettingsError, match=r"barograph\[coinbase\]"):
        signed(pem(KEY))
