-- Why was an order made, and what became of it?
--
-- Everything that the newest filled order rests on, as it was known when it was made: one row a piece, the whole row of its
-- table as JSON. Put another id in place of the first line's question. shard, offset and frame of a signal lead to the
-- venue's own bytes, which the gateway shows. What came later is in `state`, `fill` and `event` alone.
-- Signals and regimes are the newest of each timeframe, at most two days old, of ultra_short a minute and of short an
-- hour, 60 bars of their default length: an opinion counts for three bars, and two days of seconds are slow to read.
with
    (select argMax(client_order_id, receive_time) from fills) as order_id,
    (
        select argMax(
            (account, venue, instrument, receive_time, target_offset, `offset`, formatRowNoNewline('JSONEachRow', *)), receive_time
        )
        from intents
        where client_order_id = order_id
    ) as made,
    made.1 as whose, made.2 as there, made.3 as what, made.4 as made_at, made.5 as target_row, made.6 as made_row,
    (
        select (if(count() = 0, made_at, max(receive_time)), argMax(formatRowNoNewline('JSONEachRow', *), receive_time))
        from targets
        where account = whose and venue = there and instrument = what and `offset` = target_row
    ) as moved,
    moved.1 as moved_at,
    (
        select argMax((request, receive_time, formatRowNoNewline('JSONEachRow', *)), request)
        from solutions
        where account = whose and `offset` = target_row and receive_time <= made_at
            and mapContains(weights, concat(there, '|', what))
    ) as solved,
    solved.1 as asked, solved.2 as solved_at
select part, known as time, said
from (
    select 1 as place, 'intent' as part, made_at as known, made.7 as said where said != ''
    union all
    select 2, 'target', moved_at, moved.2 where moved.2 != ''
    union all
    select 3, 'signal', receive_time, formatRowNoNewline('JSONEachRow', *)
    from (
        select *
        from signals
        where venue = there and instrument = what and time between moved_at - interval 4 day and moved_at + interval 5 second
            and receive_time between moved_at - interval 2 day and moved_at
            and (timeframe != 'ultra_short' or time > moved_at - interval 1 minute)
            and (timeframe != 'short' or time > moved_at - interval 1 hour)
        order by receive_time desc, `offset` desc, frame desc
        limit 1 by timeframe
    )
    union all
    select 4, 'regime', receive_time, formatRowNoNewline('JSONEachRow', *)
    from (
        select *
        from regimes
        where venue = there and instrument = what and time between moved_at - interval 4 day and moved_at + interval 5 second
            and receive_time between moved_at - interval 2 day and moved_at
            and (timeframe != 'ultra_short' or time > moved_at - interval 1 minute)
            and (timeframe != 'short' or time > moved_at - interval 1 hour)
        order by receive_time desc, `offset` desc, frame desc
        limit 1 by timeframe
    )
    union all
    select 5, 'rebalance', receive_time, formatRowNoNewline('JSONEachRow', *)
    from rebalances
    where asked > 0 and account = whose and `offset` = asked
        and receive_time between solved_at - interval 1 day and solved_at
    union all
    select 6, 'problem', receive_time, formatRowNoNewline('JSONEachRow', *)
    from problems
    where asked > 0 and account = whose and request = asked
    union all
    select 7, 'solution', solved_at, solved.3 where solved.3 != ''
    union all
    select 8, 'limit', receive_time, formatRowNoNewline('JSONEachRow', *)
    from (
        select *
        from limits
        where account = whose and venue in (there, '') and instrument in (what, '') and receive_time <= made_at
            and `offset` <= made_row
        order by receive_time desc, `offset` desc
        limit 1 by venue, instrument, `limit`
    )
    where value < fixed
    union all
    select 9, 'risk', max(receive_time), argMax(formatRowNoNewline('JSONEachRow', *), (receive_time, `offset`))
    from risk
    where account = whose and receive_time between made_at - interval 1 day and made_at and `offset` <= made_row
    having count() > 0
    union all
    select 10, 'state', receive_time, formatRowNoNewline('JSONEachRow', *)
    from orders
    where account = whose and venue = there and instrument = what and receive_time >= made_at and client_order_id = order_id
    union all
    select 11, 'fill', receive_time, formatRowNoNewline('JSONEachRow', *)
    from fills
    where account = whose and venue = there and instrument = what and receive_time >= made_at and client_order_id = order_id
    union all
    select 12, 'event', receive_time, formatRowNoNewline('JSONEachRow', *)
    from risk_events
    where account = whose and venue in (there, '') and receive_time >= made_at and client_order_id = order_id
)
order by place, known, said
