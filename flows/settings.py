"""Every setting, in one validated tree, read from one TOML file; secrets come from the environment only.

The tree as the TOML file that a user may start from: flows/settings_text.py.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.settings_exchange import ExchangeSettings
from flows.settings_outward import BroadcastSettings, GrafanaSettings, MetricsSettings, WebhookSettings
from flows.settings_section import Port, Positive, Section
from flows.settings_trading import ExecutionSettings, OrderSettings, PortfolioSettings, RiskSettings, SolverSettings
from market.errors import SettingsError
from market.regimes import REGIME_TIMEFRAMES

VENUE_NAMES = (
    "simulated, binance-spot, binance-usdm, binance-coinm, coinbase, coinbase-exchange, kraken, bybit-spot,"
    " bybit-linear, bybit-inverse, okx, alpaca-iex, alpaca-sip, alpaca-crypto, massive-stocks or massive-crypto"
)


class CaptureSettings(Section):
    """Sockets and the journal they are written to."""

    synchronous: Literal["NORMAL", "FULL"] = Field(
        "NORMAL", description="NORMAL survives kill -9; FULL also power loss, at one fsync per micro-batch"
    )
    transport: Literal["websockets", "picows"] = Field(
        "websockets", description="the WebSocket library; picows takes less CPU, docs/decisions/005-transport.md"
    )
    shards: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="capture processes, each with its own instruments, journal and share of the venue's limits"
    )
    retention_hours: Positive = Field(
        48.0,
        description="journal rows on record for longer, counted while capture runs, are pruned, oldest first; so are"
        " settled orders and problems of the solver, counted while trading runs",
    )
    retention_bytes: int = Field(
        20_000_000_000, gt=0, description="and the oldest ones while a journal holds more; of each shard"
    )
    min_free_bytes: int = Field(
        1_000_000_000,
        ge=0,
        description="less left on the disk is an alarm, and the oldest rows go; on a full disk capture holds what it"
        " has, sheds depth, then quotes and marks, lets trades wait at the venue, and resumes by itself",
    )
    prune_unstored: bool = Field(
        False, description="whether rows that are in no table yet may be pruned as well; otherwise that is an alarm"
    )
    websocket_url: str = Field("", description="base URL instead of the venue's own; empty: the venue's")
    rest_url: str = Field("", description="base URL instead of the venue's own; empty: the venue's")


class FlowSettings(Section):
    """What the market and trading flows share."""

    snapshot_interval_s: Positive = Field(5.0, description="how much is computed again after a crash, at most")
    checkpoint_every_s: Positive = Field(300.0, description="how often the recovery store is copied while a flow runs")
    checkpoints: int = Field(3, ge=1, le=100, description="copies that are kept, to go on from if the store is damaged")
    checkpoint_bytes: int = Field(4 << 30, ge=1 << 20, description="of all copies of a flow; fewer are kept within it")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="processes of the market flow, each with its share of the shards; may change between runs"
    )
    addresses: list[str] = Field(
        [], description="host:port of every worker where there are several; empty: `barograph up` chooses"
    )


class KafkaSettings(Section):
    """A Kafka topic that carries the journal to market flows on other machines."""

    brokers: list[str] = Field([], description="host:port of some brokers; empty: no Kafka")
    topic: str = Field("barograph.market", description="the topic; its partitions must never change in number")
    read: bool = Field(False, description="the market flow reads the topic instead of the journal of its machine")
    options: dict[str, str] = Field(
        {}, description="further ones of librdkafka, as security.protocol; sasl.password is BAROGRAPH_KAFKA_PASSWORD"
    )


class StoreSettings(Section):
    """Where the tables live."""

    dsn: str = Field(
        "", description="http://user@host:8123/barograph of a ClickHouse server; empty: the embedded store"
    )
    host: str = Field("127.0.0.1", description="address of the embedded store; others than loopback need a password")
    port: Port = Field(8123, description="port of the embedded store; 0: any free one")
    spool_bytes: int = Field(
        10 << 30,
        ge=1 << 20,
        description="what the store does not take waits on disk, up to so much for every shard; then the flow waits",
    )
    spool_reserve_bytes: int = Field(
        2 << 30, ge=0, description="the spool leaves so much of the disk free, for the journal needs it more"
    )
    catch_up_blocks_per_s: Positive = Field(
        10.0, description="insert blocks of a backlog handed to a store that is back; one holds a second of live data"
    )
    tick_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="days that quotes, trades, marks and features are kept; 0: for ever. Bars and"
        " roll-ups stay; by the store's clock, so an older capture that is imported goes at once",
    )
    second_days: int = Field(
        0, ge=0, le=36_500, description="the same for the roll-ups by the second; minutes and hours stay"
    )


class GatewaySettings(Section):
    """The REST API and the console page."""

    host: str = Field("127.0.0.1", description="address; others than loopback need a key: `barograph key add`")
    port: Port = Field(8080, description="port; 0: any free one")


class SimulatorSettings(Section):
    """The simulated exchange."""

    rate: Positive = Field(300.0, description="messages per second over all instruments")
    seed: int = Field(1, description="the same seed makes the same market")


class SuperviseSettings(Section):
    """How `up` watches over its processes, and where it tells their health."""

    host: str = Field("127.0.0.1", description="address of /healthz, /readyz; off loopback needs BAROGRAPH_API_KEY")
    port: Port = Field(8081, description="port of them; 0: any free one")
    hung_after_s: Positive = Field(30.0, description="a process without a sign of life for this long is restarted")
    start_limit_s: Positive = Field(600.0, description="the same while it starts, which may compile kernels")
    stop_grace_s: Positive = Field(9.0, description="all processes together have to stop; what then runs is killed")
    brake_deaths: int = Field(5, ge=1, description="a process that dies so often within brake_window_s is left alone")
    brake_window_s: Positive = Field(60.0, description="see brake_deaths")
    brake_pause_s: Positive = Field(300.0, description="how often it is tried again then")
    reconcile_every_s: float = Field(
        3600.0, ge=0, description="how often `up` proves that nothing is missing, as `barograph reconcile`; 0: never"
    )


class LogSettings(Section):
    """The log files of the processes that `up` starts, DATA/log/NAME.log."""

    bytes: int = Field(10_000_000, ge=10_000, description="a longer file is set aside as NAME.log.1, and older ones on")
    files: int = Field(4, ge=0, le=100, description="how many are kept aside; the oldest beyond is removed")


class RegimeSettings(Section):
    """The timeframes on which regimes are found."""

    timeframes: dict[str, str] = Field(
        REGIME_TIMEFRAMES,
        description="bars of each: some of ultra_short, short, medium, long, made of 1s, 1m, 15m, 1h or 1d, ascending;"
        " another choice begins the flows anew",
    )

    @field_validator("timeframes")
    @classmethod
    def _ascend(cls, timeframes: dict[str, str]) -> dict[str, str]:
        from market.schema import TIMEFRAMES

        known, bars = set(timeframes) <= set(REGIME_TIMEFRAMES), set(timeframes.values()) <= set(TIMEFRAMES)
        if not timeframes or not known or not bars:
            raise ValueError(f"must name some of {', '.join(REGIME_TIMEFRAMES)}, made of {', '.join(TIMEFRAMES)}")
        ordered = {name: timeframes[name] for name in REGIME_TIMEFRAMES if name in timeframes}
        seconds = [TIMEFRAMES[bar] for bar in ordered.values()]
        if seconds != sorted(set(seconds)):
            raise ValueError(f"must ascend: {', '.join(REGIME_TIMEFRAMES)}, each of longer bars than the one before")
        return ordered


class Settings(Section):
    """The whole tree."""

    data: Path = Field(Path("barograph-data"), description="journal, store, recovery and run files")
    venue: str = Field("simulated", description=VENUE_NAMES)
    instruments: list[str] = Field(
        ["BTCUSDT", "ETHUSDT", "SOLUSDT"], min_length=1, max_length=200, description="symbols as the venue spells them"
    )
    capture: CaptureSettings = CaptureSettings()
    flow: FlowSettings = FlowSettings()
    kafka: KafkaSettings = KafkaSettings()
    store: StoreSettings = StoreSettings()
    broadcast: BroadcastSettings = BroadcastSettings()
    gateway: GatewaySettings = GatewaySettings()
    metrics: MetricsSettings = MetricsSettings()
    grafana: GrafanaSettings = GrafanaSettings()
    webhooks: WebhookSettings = WebhookSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    supervise: SuperviseSettings = SuperviseSettings()
    log: LogSettings = LogSettings()
    regimes: RegimeSettings = RegimeSettings()
    portfolio: PortfolioSettings = PortfolioSettings()
    solver: SolverSettings = SolverSettings()
    risk: RiskSettings = RiskSettings()
    execution: ExecutionSettings = ExecutionSettings()
    orders: OrderSettings = OrderSettings()


class Secrets(BaseSettings):
    """What never stands in a file: BAROGRAPH_DSN, _STORE_PASSWORD, _READER_PASSWORD, _API_KEY and the keys of venues,
    such as BAROGRAPH_ALPACA_KEY, in the environment.
    """

    model_config = SettingsConfigDict(env_prefix="BAROGRAPH_", extra="ignore")

    store_password: SecretStr | None = None  # of user default of the embedded store
    reader_password: SecretStr | None = None  # of user reader
    api_key: SecretStr | None = None
    grafana_token: SecretStr | None = None  # of a service account of Grafana
    kafka_password: SecretStr | None = None  # sasl.password of the brokers
    dsn: SecretStr | None = None  # a DSN may carry a password; it wins over store.dsn
    alpaca_key: SecretStr | None = None
    alpaca_secret: SecretStr | None = None
    massive_key: SecretStr | None = None
    coinbase_key_name: SecretStr | None = None  # Coinbase's public data come without, better with
    coinbase_private_key: SecretStr | None = None  # PEM, line ends as backslash and n

    def of(self, venue: str, needed: Sequence[str], useful: Sequence[str] = ()) -> dict[str, str]:
        """The secrets of a venue's market data by name; raises SettingsError for what is needed and missing."""
        held = {name: getattr(self, name, None) for name in (*needed, *useful)}
        missing = [f"BAROGRAPH_{name.upper()}" for name in needed if not held[name]]
        if missing:
            raise SettingsError(f"the data of {venue} need {' and '.join(missing)} in the environment")
        return {name: secret.get_secret_value() for name, secret in held.items() if secret}


def load(path: Path | None = None, **overrides: Any) -> Settings:
    """Settings from a TOML file with values of the command line laid over it (None: not given).

    Raises SettingsError, naming file, setting and allowed range.
    """
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise SettingsError(f"there is no settings file {path}; `barograph settings > {path}` writes one") from None
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read as TOML: {error}") from None
    tree |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(found, path) for found in error.errors())) from None


def _sentence(found: Any, path: Path | None) -> str:
    name = ".".join(str(part) for part in found["loc"])
    where = f" in {path}" if path else ""
    said = found["msg"].removeprefix("Value error, ")
    return f"setting {name}{where}: {said[:1].lower()}{said[1:]} (it was {found['input']!r})"
