import pytest

from flows.commands.account import account
from flows.person import run_account
from flows.settings import load
from flows.settings_text import save_settings
from flows.settings_trading import ExecutionSettings
from flows.shards import TRADING
from market.errors import SettingsError
from market.journal import partition_path
from sinks.journal import JournalWriter
from sinks.outbox import VENUE


def test_a_word_to_an_account_that_is_not_there_is_refused_not_lost(tmp_path):
    with pytest.raises(SettingsError, match="no account 'papr'; the account is called 'paper'"):
        run_account(load(data=tmp_path), "halt", account="papr", reason="a slip")


def test_a_word_to_a_folder_where_nothing_trades_says_so(tmp_path):
    with pytest.raises(SettingsError, match="no trading journal"):
        run_account(load(data=tmp_path), "halt", account="paper", reason="too early")


def test_a_word_without_settings_goes_to_the_account_that_runs(tmp_path, capsys):
    running = load(data=tmp_path).model_copy(update={"execution": ExecutionSettings(account="main")})
    save_settings(running, "settings")
    with JournalWriter(partition_path(tmp_path, "trading", TRADING), venue=VENUE, shard=TRADING, block_ns=1):
        pass
    account("halt", "a test", data=tmp_path)
    assert "halt of account main is row" in capsys.readouterr().out
