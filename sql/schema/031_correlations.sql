create table correlations
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'end of the block of returns, data time, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received what ended it, UTC',
    concentration Float64 codec(ZSTD(1)) comment 'logit of the share of movement that is common; NaN: fewer than 2 instruments',
    distance Float64 codec(ZSTD(1)) comment 'log of the root mean square change of Fisher-transformed correlations; NaN: first block',
    p_value Float64 codec(ZSTD(1)) comment 'how often a block like those before is so far off; NaN: warming up',
    alarm Bool codec(ZSTD(1)) comment 'whether the alarm stands after the block',
    changed Bool codec(ZSTD(1)) comment 'whether it began or ended with it',
    instruments Int32 codec(Delta, ZSTD(1)) comment 'number of instruments with enough returns',
    clusters Map(LowCardinality(String), String) codec(ZSTD(1)) comment 'members of each group that moves together, by its name',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal that ended the block',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the blocks of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'blocks of returns judged against the correlations that stood: the correlation_break alarm'
