-- Proofs of completeness that failed in the last day.
select toFloat64(countIf(verdict = 'failed')) as failed
from reconciliations final
where time > $__toTime_ms - interval 1 day and time <= $__toTime_ms
