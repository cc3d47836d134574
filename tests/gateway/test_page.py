"""The console page before a person: right, honest about age, reachable by keyboard, quiet in the console."""

import itertools

import pytest

from gateway.rows import time_text
from market.clock import SECOND_NS, ManualClock
from tests.gateway.small_market import NOW_NS, START_NS, VENUE
from tests.gateway.viewer import Gateway, Viewer, chromium

ROW = "#instruments tbody tr[data-key='simulated {}']"
KNOWN = "() => import('/page/js/main.js').then(({ app }) => app.model.instruments.get('simulated BTCUSDT')?.tick > 0)"
BITCOIN, ETHER = ROW.format("BTCUSDT"), ROW.format("ETHUSDT")


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def clock():
    return ManualClock(NOW_NS - 60 * SECOND_NS)  # far from stale, however slow the machine is


@pytest.fixture(scope="module")
def gateway(store_dsn, tmp_path_factory, clock):
    running = Gateway(store_dsn, tmp_path_factory.mktemp("page"), clock).start()
    yield running
    running.stop()


@pytest.fixture
def watch(browser, gateway):
    opened = []

    def one(**told):
        opened.append(Viewer(browser, gateway.address, **told))
        opened[-1].until(KNOWN)  # the steps of prices, which say how many digits they are shown with
        return opened[-1]

    yield one
    for viewer in opened:
        viewer.close()


def quote(bid, ask, *, second=3.5, instrument="BTCUSDT", **told):
    when = time_text(int(START_NS + second * SECOND_NS))
    known = {"kind": "quote", "venue": VENUE, "instrument": instrument, "receive_time": when, "source": "book"}
    return {**known, "bid_price": bid, "bid_size": 1.5, "ask_price": ask, "ask_size": 2.5, "valid": True, **told}


def test_what_is_on_the_screen_is_what_is_in_the_tables(watch):
    seen = watch()
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    assert (seen.text(f"{BITCOIN} .c-spread"), seen.text(f"{BITCOIN} .c-ofi")) == ("2.00", "−3.00")
    assert seen.text(f"{BITCOIN} .c-position") == "+1.500"  # 2.0 of account a and −0.5 of account b
    assert seen.text("#focus-title") == "BTCUSDT"
    seen.says("#focus-bid", "102.9")
    seen.says("#positions", "a+2.000")
    held = seen.texts("#positions tr:first-child > *")
    assert held[:7] == ["BTCUSDT", "a", "+2.000", "100.0", "101.0", "+1.00", "+2.00"]
    seen.says("#signal-rows", "long 0.50")
    assert "confidence 70 %" in seen.text("#signal-rows")
    seen.says("#regime-cards", "stressed 70 %")
    assert seen.texts("#regime-cards article:first-child .view-head b") == ["stressed", "bear", "trending"]
    assert "Warming up" in seen.text("#regime-cards article:nth-child(2)")
    assert (seen.text("#gaps"), seen.text("#letters"), seen.text("#p99")) == ("1", "1", "5.00")
    seen.says("#trading-text", "Trading halted")  # the worst of two accounts
    assert seen.texts("#accounts li b") == ["active", "halted"]
    assert "equity 99,000.50 · drawdown 1.25 %" in seen.text("#accounts li:first-child")
    event = {"kind": "risk_event", "event": "refused", "reason": "gross_notional", "values": {"gross": 1.5}}
    seen.stream.say(quote(0, 0, instrument="") | event | {"account": "a", "client_order_id": "c"})
    seen.says("#risk-events", "refusedwhole account: gross notionalgross 1.500")
    assert seen.text(f"{ETHER} .c-mid") == "–"


def test_bars_are_those_of_the_tables_and_the_regime_behind_them_is_exact_in_time(watch):
    seen = watch()
    seen.page.select_option("#shade-view", "volatility")
    seen.until("() => import('/page/js/main.js').then(({app}) => app.chart.painted().length === 2)")
    calm, stressed = seen.app("app.chart.painted()")
    second = lambda n: (START_NS + n * SECOND_NS) // 1_000_000  # noqa: E731
    assert (calm["state"], calm["from"], calm["to"]) == ("calm", second(1), second(2))
    assert (stressed["state"], stressed["from"], stressed["to"]) == ("stressed", second(2), second(3))
    middles = [seen.app(f"app.chart.middleOf({bar})") for bar in (1, 2)]  # the bars that open at 1 s and 2 s
    half = (middles[1] - middles[0]) / 2
    edges = (calm["left"], calm["right"], stressed["left"], stressed["right"])
    assert edges == pytest.approx((middles[0] - half, middles[0] + half, middles[1] - half, middles[1] + half))
    seen.page.click("#bars-table summary")
    seen.says("#bars-rows", "100.0")
    rows = [seen.texts(f"#bars-rows tr:nth-child({row}) td") for row in (1, 2, 3)]
    assert [row[0] for row in rows] == ["11-14 22:13:22", "11-14 22:13:21", "11-14 22:13:20"]
    assert rows[0][1:] == ["100.0", "100.0", "100.0", "100.0", "1.000", "+1.000", "stressed"]
    assert [row[-1] for row in rows] == ["stressed", "calm", "–"]


BEAR, BULL, WARMING = "calm/bear/random", "calm/bull/random", "unknown"


@pytest.mark.parametrize(
    ("rows", "changes", "complete", "expected"),
    [
        (
            [(1, BEAR)],
            [(9, "bull", "bear"), (4, "bear", "bull"), (0, "bull", "bear")],
            True,
            [["bear", 1, 4], ["bull", 4, 9], ["bear", 9, 12]],
        ),
        ([(1, WARMING), (2, WARMING), (3, BULL)], [], True, [["bull", 3, 12]]),
        ([(1, BULL), (5, WARMING), (7, BEAR)], [], True, [["bull", 1, 5], ["bear", 7, 12]]),
        ([(1, BEAR)], [(4, "neutral", "bull")], False, [["bull", 4, 12]]),  # what is not on hand is not guessed
        ([], [], True, []),
    ],
    ids=["changes", "warm-up", "warm-up again", "older ones missing", "nothing"],
)
def test_the_background_is_of_what_was_held_and_nothing_else(watch, rows, changes, complete, expected):
    seen = watch()
    told = {"rows": rows, "changes": changes, "complete": complete, "last": 12}
    assert seen.check("spans", told) == expected


def test_a_bar_reaches_from_its_opening_to_its_close(watch):
    assert watch().check("places", [0, 1, 3, 4], [0, 0.5, 1, 3, 4.5]) == [-0.5, 0, 0.5, 1.5, 3]


def test_what_the_stream_says_replaces_what_is_older_and_nothing_that_is_newer(watch):
    seen = watch()
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    seen.stream.say(quote(110.0, 110.2))
    seen.says(f"{BITCOIN} .c-mid", "110.10")
    seen.says("#focus-ask-size", "× 2.500")
    seen.stream.say(quote(90.0, 90.2, second=1), quote(95.0, 95.2, instrument="ETHUSDT"))
    seen.says(f"{ETHER} .c-mid", "95.10")
    assert (seen.text(f"{BITCOIN} .c-mid"), seen.text("#focus-bid")) == ("110.10", "110.0")
    measured = {**quote(0, 0, second=3.55), "kind": "features", "mid_price": 120.0, "spread_bps": 1.0, "ofi_50": 7.0}
    seen.stream.say(measured, quote(90.0, 90.2, second=3.52))
    seen.says(f"{BITCOIN} .c-ofi", "+7.00")
    assert seen.text(f"{BITCOIN} .c-mid") == "120.00"  # the features are newer than the quote that came after them
    assert seen.app("app.market.lost") == 0
    seen.stream.say(quote(111.0, 111.2, second=3.6), skip=3)
    seen.says(f"{BITCOIN} .c-mid", "111.10")
    assert seen.app("app.market.lost") == 1
    seen.stream.say(quote(None, None, second=3.7, valid=False))
    seen.says(f"{BITCOIN} .c-mid", "–book not valid")


def test_the_book_is_cumulative_and_of_the_selected_instrument(watch):
    seen = watch()
    seen.says("#focus-title", "BTCUSDT")
    seen.until("() => import('/page/js/main.js').then(({app}) => app.focus.state === 'live')")
    bids = [[102.9 - 0.1 * level, 1.0] for level in range(12)]
    told = {**quote(0, 0), "kind": "book", "bids": bids, "asks": [[103.1, 0.5], [103.2, 4.0]]}
    seen.stream.say(told, {**told, "instrument": "ETHUSDT", "bids": [[1.0, 1.0]]})
    seen.says("#depth tr:nth-child(10)", "102.0")
    seen.says("#depth tr:nth-child(10)", "10.00")
    assert seen.texts("#depth tr:nth-child(2) td") == ["2.000", "1.000", "102.8", "103.2", "4.000", "4.500"]
    assert [one["instruments"] for one in seen.stream.asked if "book" in one["kinds"]] == [["BTCUSDT"]]
    seen.stream.say(quote(None, None, second=3.7, valid=False))
    seen.says("#book-note", "not valid now")
    assert seen.page.locator(".depth[data-old]").count() == 1
    seen.page.click(ETHER)
    seen.says("#depth", "1.0")
    assert seen.texts("#depth tr:nth-child(2) td")[:3] == [""] * 3


def test_a_burst_is_drawn_once_and_its_last_word_stands(watch):
    seen = watch()
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    frames = seen.app("app.drawn.frames")
    seen.stream.say(*(quote(200.0 + step, 200.2 + step, second=3.5 + step / 1e4) for step in range(2000)))
    seen.says(f"{BITCOIN} .c-mid", "2,199.10")
    assert seen.app("app.drawn.merged") > 1900
    assert seen.app("app.drawn.frames") - frames < 100


def test_old_data_are_told_in_words_and_never_stand_as_live(browser, store_dsn, tmp_path):
    clock = ManualClock(NOW_NS - 60 * SECOND_NS)
    running = Gateway(store_dsn, tmp_path, clock).start()
    seen = Viewer(browser, running.address)
    try:
        seen.says("#health-text", "Live")
        assert seen.page.locator(f"{BITCOIN}[data-old]").count() == 0
        clock.advance((60 + 7200) * SECOND_NS)
        seen.says("#health-text", "Stale for 2 h")
        assert "2023-11-14 22:13:23 UTC, 2 h ago" in seen.text("#notice")
        assert "not of now" in seen.text("#notice")
        seen.says(f"{BITCOIN} .age", "2 h old")
        assert seen.page.locator(f"{BITCOIN}[data-old]").count() == 1
        assert seen.page.locator("#focus-figures[data-old]").count() == 1
        assert seen.text("#focus-age") == "2 h ago"
    finally:
        seen.close()
        running.stop()


def test_without_a_stream_it_polls_and_says_so(watch):
    seen = watch()
    seen.says("#health-text", "Live")
    assert not seen.page.is_visible("#notice")
    seen.stream.end()
    seen.says("#health-text", "Polling")
    seen.says("#notice", "The live stream is away; figures are fetched every second instead. Trying again in")
    seen.stream.refuse = False
    seen.says("#health-text", "Live")
    assert not seen.page.is_visible("#notice")


def test_it_says_when_the_gateway_is_away_counts_down_and_comes_back(browser, store_dsn, tmp_path, clock):
    running = Gateway(store_dsn, tmp_path, clock).start()
    seen = Viewer(browser, running.address, expected="ERR_CONNECTION_REFUSED")
    try:
        seen.says(f"{BITCOIN} .c-mid", "103.00")
        seen.stream.end()
        running.stop()
        seen.says("#health-text", "Not connected")
        seen.says("#notice", "What you see is of 22:12:")
        assert "The gateway does not answer" in seen.text("#notice")
        assert seen.text(f"{BITCOIN} .c-mid").startswith("103.00")  # still there to read, and grey
        assert seen.page.get_attribute("body", "data-health") == "away"
        seen.stream.refuse = False
        running.start()
        seen.says("#health-text", "Live")
        seen.until("() => document.body.dataset.health === 'live'")
    finally:
        running.stop()
        seen.close()


def test_it_says_when_the_store_is_down(browser, tmp_path, clock):
    running = Gateway("http://127.0.0.1:9/barograph", tmp_path, clock).start()
    seen = Viewer(browser, running.address, expected="503")
    try:
        seen.says("#health-text", "No answer from the tables")
        assert "barograph store" in seen.text("#notice")
        seen.says("#quality-note", "store")
        assert seen.text("#list-empty") == "Waiting for the first answer…"
    finally:
        seen.close()
        running.stop()


def test_the_keyboard_reaches_everything(watch):
    seen = watch()
    seen.says("#focus-title", "BTCUSDT")
    keys = seen.page.keyboard
    keys.press("j")
    seen.says("#focus-title", "ETHUSDT")
    assert seen.page.evaluate("document.activeElement.dataset.key") == "simulated ETHUSDT"
    assert seen.page.get_attribute(ETHER, "aria-selected") == "true"
    keys.press("ArrowUp")
    seen.says("#focus-title", "BTCUSDT")
    keys.press("/")
    keys.type("eth")
    seen.says("#list-count", "1 of 2")
    keys.press("Enter")
    seen.says("#focus-title", "ETHUSDT")
    keys.press("/")
    keys.press("Escape")
    seen.says("#list-count", "2")
    keys.press("2")
    assert seen.page.is_checked("#bars-1m")
    assert seen.page.input_value("#shade-timeframe") == "short"
    keys.press("?")
    assert seen.page.is_visible("#help")
    keys.press("Escape")
    theme = seen.page.get_attribute("html", "data-theme")
    keys.press("t")
    assert seen.page.get_attribute("html", "data-theme") != theme
    seen.page.reload()
    seen.says("#focus-title", "ETHUSDT")  # what was chosen is remembered
    assert seen.page.get_attribute("html", "data-theme") != theme
    reached = set()
    for _ in range(40):
        keys.press("Tab")
        reached.add(seen.check("focused"))
    assert {"search", "theme", "bars-1m", "shade-view", "shade-timeframe", "chart-latest", "copy", "TR"} <= reached
    seen.page.focus("#search")
    assert seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_instruments_are_sorted_by_what_a_person_chooses(watch):
    seen = watch()
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    names = lambda: seen.texts("#instruments tbody th b")  # noqa: E731
    assert names() == ["BTCUSDT", "ETHUSDT"]
    seen.page.click(".c-instrument button")
    assert names() == ["ETHUSDT", "BTCUSDT"]
    assert seen.page.get_attribute("#instruments thead th >> nth=0", "aria-sort") == "descending"
    seen.page.click("thead .c-mid button")
    assert names() == ["BTCUSDT", "ETHUSDT"]  # what is not known comes last
    seen.page.click("thead .c-mid button")
    assert names() == ["BTCUSDT", "ETHUSDT"]


def test_nothing_is_wider_than_the_screen(watch):
    seen = watch(viewport={"width": 390, "height": 844})
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    for width in (390, 320, 768, 1280, 1920):
        seen.page.set_viewport_size({"width": width, "height": 844})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_word_can_be_read(watch, scheme):
    seen = watch(color_scheme=scheme)
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    seen.says("#regime-cards", "stressed 70 %")
    assert seen.page.get_attribute("html", "data-theme") == scheme
    for health in ("live", "stale"):
        seen.check("become", health)
        assert seen.check("poorContrasts") == []


def test_it_says_what_it_is_to_those_who_cannot_see_it(watch):
    seen = watch(reduced_motion="reduce")
    seen.says(f"{BITCOIN} .c-mid", "103.00")
    assert seen.check("nameless") == []
    assert seen.page.locator("header.top, nav, main, footer").count() == 4
    assert seen.page.get_attribute("#health", "role") == "status"
    assert seen.page.get_attribute("#notice", "role") in ("alert", "status")
    levels = seen.check("headings")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    chip = seen.page.get_attribute(f"{BITCOIN} .chip >> nth=0", "aria-label")
    assert chip == "Ultra short: stressed, bear, trending, least sure 70 %"
    assert seen.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_who_comes_back_to_the_tab_opens_no_further_stream(watch):
    seen = watch()
    seen.says("#health-text", "Live")
    seen.until("() => import('/page/js/main.js').then(({ app }) => app.focus.state === 'live')")
    before = list(seen.stream.sockets)
    assert len(before) == 2
    for _ in range(3):
        seen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        seen.page.wait_for_timeout(100)
    assert seen.stream.sockets == before
