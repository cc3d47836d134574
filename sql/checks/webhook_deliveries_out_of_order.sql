-- Attempts of a delivery are numbered without a hole: none was made and not written down, none written down twice.
select endpoint, webhook_id, min(attempt) as first, max(attempt) as last, uniqExact(attempt) as attempts
from webhook_deliveries
where state != 'missed'
group by endpoint, webhook_id
having last - first + 1 != attempts
limit 100
