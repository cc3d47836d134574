-- The ledger as it stands: every book's balance and entries; debits and credits together are 0.
select account, toString(book) as book_name, toFloat64(sum(amount)) as balance, count() as entries, max(receive_time) as newest
from ledger final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and receive_time <= $__toTime_ms
group by account, book_name
order by account, book_name
limit 200
