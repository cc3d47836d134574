"""Every metric there is: its name, labels and what it says. `make docs` writes docs/metrics.md from this file.

Labels come from closed sets: shards, venues' channels, tables, routes, states. None is an instrument or an id.
"""

from market.metrics import Metric

# From 100 µs to 10 s, as latencies and waits of a stream are.
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FRAMES = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 4096.0)


def counter(name: str, said: str, *labels: str) -> Metric:
    """A number that only grows."""
    return Metric(f"barograph_{name}_total", "counter", said, labels)


def gauge(name: str, said: str, *labels: str) -> Metric:
    """A number that rises and falls."""
    return Metric(f"barograph_{name}", "gauge", said, labels)


def histogram(name: str, said: str, *labels: str, bounds: tuple[float, ...] = SECONDS) -> Metric:
    """How values are spread."""
    return Metric(f"barograph_{name}", "histogram", said, labels, bounds)


# Of every process.
BUILD = gauge("build_info", "1; version and start of the digest of the source stand in the labels", "version", "source")
UNTOLD = counter("metrics_dropped_series", "label sets beyond the limit of a metric, which are not told")
LOOKS_FAILED = counter("metrics_failed_looks", "parts whose numbers could not be looked at when they were asked for")

# capture: sockets to journal.
CAPTURE_FRAMES = counter("capture_frames", "frames received from the venue", "shard")
CAPTURE_BYTES = counter("capture_received_bytes", "bytes of these frames", "shard")
CAPTURE_SHED = counter("capture_shed_frames", "frames given up because the queue was full", "shard", "channel")
CAPTURE_RECONNECTS = counter("capture_reconnects", "connections after the first of their route", "shard")
CAPTURE_CONNECTIONS = gauge("capture_connections", "routes to the venue by state", "shard", "state")
CAPTURE_RESYNCS = counter(
    "capture_resyncs", "full books asked for: rest, or subscribe, by subscribing anew", "shard", "way"
)
CAPTURE_QUEUE = gauge("capture_queue_frames", "frames between the sockets and the journal", "shard")
CAPTURE_LAG = gauge("capture_lag_seconds", "since the last frame with data came", "shard")
CAPTURE_ALARMS = gauge(
    "capture_alarms", "1 while this is wrong: the disk, the clock, the bounds of the journal", "shard", "alarm"
)
JOURNAL_SECONDS = histogram("journal_append_seconds", "to make one micro-batch durable", "shard")
JOURNAL_FRAMES = histogram("journal_append_frames", "frames of one micro-batch", "shard", bounds=FRAMES)
JOURNAL_BYTES = gauge("journal_bytes", "of the journal that hold something", "shard")

# market and trading: journal to tables.
FLOW_FRAMES = counter(
    "flow_frames", "frames by what became of them: applied, duplicate, dead_lettered, control or shed", "shard", "fate"
)
FLOW_BATCHES = counter("flow_batches", "journal rows that went through all operators", "shard")
FLOW_LAG = gauge("flow_lag_seconds", "since the newest batch that went through all operators was received", "shard")
FLOW_LATENCY = histogram(
    "flow_latency_seconds",
    "from receipt to a stage: features measured, sink (signals are made), store (can be queried); told once a second",
    "shard",
    "stage",
)
FLOW_GAPS = counter("flow_gaps", "gaps opened and healed, by cause", "shard", "cause", "state")
FLOW_DEAD_LETTERS = counter("flow_dead_letters", "frames that could not be read, in whole or in part", "shard")
SINK_ROWS = counter("sink_rows", "rows that the store has confirmed", "table")
SINK_BYTES = counter("sink_inserted_bytes", "bytes of these rows as Arrow", "table")
SINK_SECONDS = histogram("sink_insert_seconds", "until the store confirmed one insert")
SINK_FAILURES = counter("sink_failed_inserts", "tries that failed: transient, tried again soon, or permanent", "kind")
SINK_BLOCKS = counter("sink_blocks", "insert blocks that the store has whole", "part")
SINK_WAITING = gauge("sink_waiting_blocks", "insert blocks that the store has not confirmed", "part")
SINK_SPOOL = gauge("sink_spool_bytes", "of insert blocks that wait on disk", "part")
SINK_STATE = gauge(
    "sink_state", "1 for what the writer does: running, catching up, retrying or stopped", "part", "state"
)

# trading.
TRADING_ORDERS = counter("trading_orders", "states that orders entered", "state")
TRADING_FILLS = counter("trading_fills", "our own trades")
TRADING_RISK = counter(
    "trading_risk_events", "refusals, changes of the trading state, and what a venue outside differed in", "event"
)
TRADING_EQUITY = gauge("trading_equity_quote_currency", "capital and profit at the marks", "account")
TRADING_DRAWDOWN = gauge("trading_drawdown_ratio", "share of the peak of equity that is lost", "account")
TRADING_STATE = gauge("trading_state", "1 for what the account may do: active, reducing or halted", "account", "state")

# execute: orders to a venue outside.
EXECUTE_SENT = counter("execute_sent_orders", "orders handed to the wire")
EXECUTE_UNSENT = counter("execute_unsent_orders", "orders that were not sent, by the state they ended in", "state")
EXECUTE_PENDING = gauge("execute_pending_orders", "orders whose end is not known, by stage", "stage")
EXECUTE_DOUBT = gauge(
    "execute_oldest_doubt_seconds", "since the order longest in doubt was last sent or found standing"
)
EXECUTE_UPDATES = counter(
    "execute_updates", "states of orders told to the trading flow, by who said so", "origin", "state"
)
EXECUTE_STATEMENTS = counter("execute_statements", "statements of the account, by cause", "cause")
EXECUTE_UNREAD = counter(
    "execute_unread_frames", "frames of the user stream, or of the orders journal, that cannot be read"
)
EXECUTE_LINK = gauge("execute_link_up", "1 while orders can be sent and are heard of")
EXECUTE_WIRE = histogram("execute_wire_seconds", "from the receipt of what decided an order to the wire")
EXECUTE_ANSWER = histogram("execute_answer_seconds", "from that receipt to the venue's answer")

# store.
STORE_QUERIES = counter(
    "store_queries", "statements by kind (select, insert, other) and outcome (done, failed)", "kind", "outcome"
)
STORE_SECONDS = histogram("store_query_seconds", "from a statement's turn to the end of its answer", "kind")
STORE_RUNNING = gauge("store_running_queries", "statements that have their turn")
STORE_WAITING = gauge("store_waiting_queries", "statements that wait for their turn")

# gateway.
API_REQUESTS = counter("gateway_requests", "requests, those refused included (route none)", "route", "method", "status")
API_SECONDS = histogram("gateway_request_seconds", "until an answer was sent whole", "route")
API_RUNNING = gauge("gateway_running_requests", "requests being answered, streams included")
STREAM_CLIENTS = gauge("stream_clients", "open WebSocket streams")
STREAM_MESSAGES = counter("stream_sent_messages", "messages sent to clients of the stream, each with one event or many")
STREAM_BYTES = counter("stream_sent_bytes", "bytes of these messages")
STREAM_REPLAYED = counter("stream_replayed_rows", "rows read from the journal for clients that fell behind")
STREAM_CONFLATED = counter("stream_conflated_rows", "rows skipped for slow clients that chose so")
STREAM_CLOSED = counter("stream_closed_clients", "streams that the server closed, by reason", "reason")

# What the flows tell the world.
BROADCAST_ROWS = counter("broadcast_rows", "rows appended to the broadcast journal")
BROADCAST_EVENTS = counter("broadcast_events", "events in them")
WEBHOOKS_PENDING = gauge("webhook_pending_deliveries", "webhook deliveries still to be made")
WEBHOOKS_DEAD = gauge("webhook_dead_deliveries", "webhook deliveries given up, which a person may replay")
WEBHOOK_OLDEST = gauge("webhook_oldest_pending_seconds", "since the oldest pending delivery was made; 0 where none is")
WEBHOOK_ATTEMPTS = counter("webhook_attempts", "attempts by outcome: delivered, failed, refused or dead", "outcome")
WEBHOOK_SECONDS = histogram("webhook_attempt_seconds", "until an attempt was answered or given up")
GRAFANA_PUSHES = counter("grafana_pushes", "Grafana Live pushes by outcome: sent, failed or dropped", "outcome")
FORWARD_ROWS = counter("forward_rows", "rows of the journal handed to the brokers", "shard")

# supervisor.
PROCESS_UP = gauge("process_up", "1 while a process lives", "process")
PROCESS_READY = gauge("process_ready", "1 while a process works, as /readyz means it", "process")
PROCESS_RESTARTS = counter("process_restarts", "starts after the first", "process")
CHORE_RUNS = counter("chore_runs", "work done again and again, such as the proof that nothing is missing", "chore")
CHORE_FAILING = gauge("chore_failures_in_a_row", "runs of it that failed since the last good one", "chore")

TABLE: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
