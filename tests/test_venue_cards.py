"""The acceptance cards of the venues name tests that exist, and what the code says of a venue."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from market.errors import VenueError
from simulator.venues import EXAMPLES
from venues import VENUES

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "venues"
CARDS = sorted(FOLDER.glob("*.md"))
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
EXTERNAL = [venue for name, venue in VENUES.items() if name != "simulated"]


def card_of(name: str) -> str:
    """The card that has a venue's name, and no other has."""
    (found,) = [page for page in CARDS if page.name != "README.md" and f"`{name}`" in page.read_text()]
    return found.read_text()


@pytest.mark.parametrize("page", CARDS, ids=lambda page: page.name)
def test_every_test_that_a_card_names_exists(page: Path) -> None:
    named = NAMED.findall(page.read_text())
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / "tests" / path).exists() or f"def {name}(" not in (ROOT / "tests" / path).read_text()
    ]
    assert len(named) >= 5
    assert missing == []


@pytest.mark.parametrize("venue", EXTERNAL, ids=lambda venue: venue.name)
def test_a_card_says_what_the_code_says(venue: object) -> None:
    name, capability, secrets = venue.name, venue.capability, venue.secrets  # type: ignore[attr-defined]
    text, overview = card_of(name), (FOLDER / "README.md").read_text()
    (row,) = [line for line in overview.splitlines() if line.startswith("|") and f"`{name}`" in line]
    assert ("unverifiable" in row) == (capability.detection == "none")
    assert [secret for secret in secrets if f"BAROGRAPH_{secret.upper()}" not in text] == []


@pytest.mark.parametrize("venue", EXTERNAL, ids=lambda venue: venue.name)
def test_a_card_has_the_hosts_and_streams_of_the_code(venue: object) -> None:
    name, text = venue.name, card_of(venue.name)  # type: ignore[attr-defined]
    symbols = EXAMPLES.get(name, ("BTC",))
    try:
        routes = venue.routes(symbols)  # type: ignore[attr-defined]
    except VenueError:
        assert name == "lean-usa"
        return
    assert [route.url for route in routes if f"wss://{urlsplit(route.url).netloc}" not in text] == []
    streams = [stream for route in routes for stream in route.streams]
    words = {re.split(r"[:@]", stream.replace(f".{symbols[0]}", ""))[0] for stream in streams if symbols[0] in stream}
    if not name.startswith("binance") and name != "kraken-v1":
        assert [word for word in words if f"`{word}`" not in text] == []
