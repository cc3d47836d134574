"""`barograph simulate --venue`: a mock of a real venue on this machine, for trying clients against."""

import threading
from collections.abc import Sequence
from pathlib import Path

from market.clock import SystemClock
from market.errors import SettingsError
from simulator.exchange import STEADY_RATE
from simulator.venues import EXAMPLES, dialect
from simulator.venues.capture_market import CaptureMarket
from simulator.venues.desk import Desk
from simulator.venues.exchange_market import ExchangeMarket
from simulator.venues.faults import Faults
from simulator.venues.market import Market, RandomMarket
from simulator.venues.script import KINDS, read_script
from simulator.venues.server import serve
from simulator.venues.urls import urls

EXAMPLE = """A fault script is a TOML file (or the same in JSON):

  [[fault]]
  kind = "drop"            # the next two frames of that stream are not sent
  at_s = 12.5              # seconds from the start
  stream = "book:BTC/USD*" # * and ? as in file names; without it every stream is meant
  count = 2

  [[fault]]
  kind = "ban"             # HTTP 418 to everybody for a minute, and connections are cut
  at_s = 30
  for_s = 60
  value = 418

Kinds of faults:
"""


def run_mock_venue(
    venue: str,
    instruments: Sequence[str] | None,
    *,
    port: int,
    engine: bool,
    rate: float,
    seed: int,
    faults: Path | None,
    capture: Path | None,
    stop: threading.Event,
) -> None:
    """Serve until stopped; then tell what the client did wrong. Raises SettingsError for what cannot be served."""
    if faults == Path("help"):
        _explain_faults()
        return
    try:
        script = read_script(faults) if faults else []
        start_ns = SystemClock().now_ns()
        words = dialect(venue)
        market = _market(venue, instruments, engine=engine, rate=rate, seed=seed, capture=capture, start_ns=start_ns)
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SettingsError(str(error)) from error
    desk = Desk(words, market, start_ns=start_ns, faults=Faults(script, seed))

    def ready(number: int) -> None:
        symbols = ", ".join(row.symbol for row in market.listings)
        print(f"mock of {venue}, trading {symbols}", flush=True)
        for name, url in urls(venue, number).items():
            print(f"{name:10} {url}", flush=True)
        print(
            f"settings   capture.websocket_url ws://127.0.0.1:{number}, capture.rest_url http://127.0.0.1:{number}",
            flush=True,
        )
        if script:
            print(f"faults     {len(script)} to come, the last is over {_over(desk)}", flush=True)

    serve(desk, port=port, ready=ready, stop=stop)
    _report(desk)


def _market(
    venue: str,
    instruments: Sequence[str] | None,
    *,
    engine: bool,
    rate: float,
    seed: int,
    capture: Path | None,
    start_ns: int,
) -> Market:
    if capture is not None:
        named = instruments[0] if instruments and len(instruments) == 1 else ""
        symbols = instruments or ()
        return CaptureMarket(capture, symbols=symbols, start_ns=start_ns, cut=venue == "kraken", named=named)
    words = dialect(venue)
    if engine:
        names = {symbol: "".join(filter(str.isalnum, symbol)) for symbol in instruments or EXAMPLES[venue]}
        return ExchangeMarket(names, seed=seed, rate=(STEADY_RATE + rate) * len(names), start_ns=start_ns)
    rows = [words.listed(symbol) for symbol in instruments or EXAMPLES[venue]]
    return RandomMarket(rows, seed=seed, rate=rate, start_ns=start_ns)


def _explain_faults() -> None:
    print(EXAMPLE)
    for kind, meaning in KINDS.items():
        print(f"  {kind:14} {meaning}")


def _over(desk: Desk) -> str:
    seconds = (desk.faults.healed_ns - desk.start_ns) / 1e9
    return f"after {seconds:.0f} s" if seconds < 1e8 else "never"


def _report(desk: Desk) -> None:
    """What was wrong, on either side."""
    if desk.faults.injected:
        print(f"what went wrong on purpose, times: {len(desk.faults.injected)}")
    for violation in desk.violations:
        seconds = (violation.time_ns - desk.start_ns) / 1e9
        print(f"the client exceeded a limit after {seconds:.1f} s: {violation.what}: {violation.detail}")
    if not desk.violations:
        print("the client kept within all limits")
