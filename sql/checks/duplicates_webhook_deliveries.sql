-- No row key of `webhook_deliveries` occurs twice, not even for a while.
select tenant, endpoint, time, webhook_id, attempt, log, number, count() as copies
from webhook_deliveries
group by tenant, endpoint, time, webhook_id, attempt, log, number
having copies > 1
limit 100
