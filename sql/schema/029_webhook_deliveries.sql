create table webhook_deliveries
(
    tenant LowCardinality(String) comment 'whose webhook it is',
    endpoint LowCardinality(String) comment 'id of the webhook',
    webhook_id String codec(ZSTD(1)) comment 'id of the delivery, the same at every attempt; what the header webhook-id says',
    kind LowCardinality(String) comment 'signal, regime_change, risk_event or test; empty where rows of the stream are missed',
    venue LowCardinality(String) comment 'exchange or market segment of the event, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it; empty where the whole account is meant',
    timeframe LowCardinality(String) comment 'of the event; empty where it has none',
    stream LowCardinality(String) comment 'id of the broadcast journal',
    sequence Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the broadcast journal',
    `index` Int32 codec(Delta, ZSTD(1)) comment 'position of the event in that row',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the event was known, UTC',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the attempt began, UTC',
    attempt Int32 codec(Delta, ZSTD(1)) comment '1, 2, …; 0 where nothing was queued',
    duration_ms Float64 codec(ZSTD(1)) comment 'from the question for the name to the end of the answer, ms',
    status_code Int32 codec(ZSTD(1)) comment 'HTTP status of the answer; 0 where there was none',
    error String codec(ZSTD(1)) comment 'why it failed; empty where it did not',
    state LowCardinality(String) comment 'delivered; failed, and tried again; dead, and not tried again; missed from this event on: not queued',
    next_attempt Nullable(DateTime64(9, 'UTC')) comment 'when it is tried again, UTC; null where it is not',
    log String codec(ZSTD(1)) comment 'database of the webhooks that the row comes from',
    number Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of its log of attempts'
)
engine = ReplacingMergeTree
partition by toYYYYMM(time)
order by (tenant, endpoint, time, webhook_id, attempt, log, number)
settings non_replicated_deduplication_window = 10000
comment 'a row for every attempt to deliver a webhook'
