import pytest

from flows.person import run_account
from flows.settings import load
from market.errors import SettingsError


def test_a_word_to_an_account_that_is_not_there_is_refused_not_lost(tmp_path):
    with pytest.raises(SettingsError, match="no account 'papr'; the account is called 'paper'"):
        run_account(load(data=tmp_path), "halt", account="papr", reason="a slip")


def test_a_word_to_a_folder_where_nothing_trades_says_so(tmp_path):
    with pytest.raises(SettingsError, match="no trading journal"):
        run_account(load(data=tmp_path), "halt", account="paper", reason="too early")
