create table rebalances
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time of the decision, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received what it rests on, UTC',
    `trigger` LowCardinality(String) comment 'risk, regime, drift or schedule: what called for it',
    decision LowCardinality(String) comment 'trade: the solver was asked; hold: it was not',
    reason String codec(ZSTD(1)) comment 'why it was called for and, if not traded, what spoke against it',
    regime LowCardinality(String) comment 'regime that stood',
    drift Float64 codec(ZSTD(1)) comment 'largest distance of a weight from what was wanted, share of equity',
    risk Float64 codec(ZSTD(1)) comment 'risk over its limit',
    gain_bps Float64 codec(ZSTD(1)) comment 'expected gain over the horizon, bps of equity; -inf where not known',
    cost_bps Float64 codec(ZSTD(1)) comment 'spread, fees and impact of the trades, bps of equity; inf where not known',
    equity Float64 codec(ZSTD(1)) comment 'quote currency',
    instruments Int32 codec(Delta, ZSTD(1)) comment 'number of instruments in the problem',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the decisions of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'every decision to rebalance the portfolio or not, with its reason and numbers'
