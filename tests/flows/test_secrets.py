"""Secrets of venues come from the environment only, and what is missing is named."""

import pytest

from flows.settings import Secrets
from market.errors import SettingsError


def test_needed_secrets_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAROGRAPH_ALPACA_KEY", "k")
    monkeypatch.setenv("BAROGRAPH_ALPACA_SECRET", "s")
    found = Secrets().of("alpaca-iex", ("alpaca_key", "alpaca_secret"), ("coinbase_key_name",))
    assert found == {"alpaca_key": "k", "alpaca_secret": "s"}
    assert "'s'" not in repr(Secrets())


@pytest.mark.parametrize("secret", [None, ""])
def test_a_missing_secret_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    monkeypatch.setenv("BAROGRAPH_ALPACA_KEY", "k")
    monkeypatch.delenv("BAROGRAPH_ALPACA_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("BAROGRAPH_ALPACA_SECRET", secret)
    with pytest.raises(SettingsError, match="the data of alpaca-iex need BAROGRAPH_ALPACA_SECRET in the environment"):
        Secrets().of("alpaca-iex", ("alpaca_key", "alpaca_secret"))
