create table solutions
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time of the problem, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the answer came, UTC',
    request Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal that the problem was made of; see problems',
    rung LowCardinality(String) comment 'of the ladder: optimal, relaxed, risk_parity, hold or reduce',
    reason String codec(ZSTD(1)) comment 'why not the rung above, and what whole lots moved; empty: nothing to tell',
    refused String codec(ZSTD(1)) comment 'why it was not followed; empty: it became targets',
    weights Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'wanted share of equity, signed, by venue|instrument',
    duals Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'what one unit more of each binding limit is worth, expected utility as share of equity, by its name',
    slack Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'by how much each limit that could not be kept is broken, share of equity, by its name',
    solver LowCardinality(String) comment 'name, version and status; empty where none was asked',
    elapsed_ms Float64 codec(ZSTD(1)) comment 'wall time of the answer',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal that holds the answer',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, request, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'what the optimiser answered to each problem of the portfolio, and why'
