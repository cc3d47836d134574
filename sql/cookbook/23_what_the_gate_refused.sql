-- What did the risk gate refuse, and why?
--
-- Every intention stands in `intents` as it came before the gate, with the name of the check that refused it; what the
-- check measured is in `risk_events` under that name, where it was a number. The first check that fails is the reason.
select
    intents.refused as check_name,
    intents.instrument as instrument,
    count() as refused,
    sum(intents.size * intents.limit_price) as notional_refused,
    min(if(mapContains(events.values, intents.refused), events.values[intents.refused], null)) as least_measured,
    max(if(mapContains(events.values, intents.refused), events.values[intents.refused], null)) as most_measured,
    max(intents.receive_time) as newest,
    argMax(intents.client_order_id, intents.receive_time) as newest_order
from intents final
left join (select * from risk_events final where event = 'refused') as events
    on events.account = intents.account and events.client_order_id = intents.client_order_id
where intents.refused != ''
group by check_name, instrument
order by refused desc
