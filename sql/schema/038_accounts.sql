create table accounts
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was known, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    state LowCardinality(String) comment 'of the kill switch: active, reducing or halted',
    equity Float64 codec(ZSTD(1)) comment 'quote currency, at the marks',
    cash Float64 codec(ZSTD(1)) comment 'equity without positions at their marks, quote currency',
    drawdown Float64 codec(ZSTD(1)) comment 'share of the peak equity that is lost',
    gross Float64 codec(ZSTD(1)) comment 'absolute notional at the marks, working orders included, quote currency',
    link Int8 codec(ZSTD(1)) comment '1 where orders can be made as far as the venue is concerned, else 0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, receive_time, `offset`)
settings non_replicated_deduplication_window = 10000
comment 'how accounts stood: once a second of data time at most, and whenever what they may do changed'
