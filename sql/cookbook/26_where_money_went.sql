-- Where did the money come from and go, to the last digit?
--
-- The ledger is double entry: what is gained stands as a credit (below 0) in its book and is turned round here. All rows
-- together are 0, and cash and positions at cost are what everything else came to. Decimals: nothing is rounded on the way.
select
    account,
    book,
    kind,
    if(book in ('cash', 'position'), sum(amount), -sum(amount)) as balance,
    count() as entries,
    min(receive_time) as first,
    max(receive_time) as newest,
    sum(sum(amount)) over (partition by account) as out_of_balance
from ledger final
group by account, book, kind
order by account, book, kind
