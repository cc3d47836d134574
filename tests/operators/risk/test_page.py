"""The page on risk tells the gate's checks as they are."""

import re
from pathlib import Path

from flows.settings_trading import RiskSettings
from operators.risk.gate import CHECKS

PAGE = (Path(__file__).parents[3] / "docs" / "risk.md").read_text(encoding="utf-8")


def test_the_page_has_every_check_in_its_order_with_its_limit():
    table = PAGE.split("<!-- checks -->")[1].split("<!-- /checks -->")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)` )?\| .+ \|$", table, re.MULTILINE)
    assert rows == [(check.name, check.limit or "") for check in CHECKS]


def test_every_setting_that_the_page_names_is_there():
    named = set(re.findall(r"`(?:risk\.)([a-z_]+)`", PAGE))
    assert named
    assert named <= set(RiskSettings.model_fields)
