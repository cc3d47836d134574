-- Rows of every table; duplicates not yet merged away count too.
-- Parameters: limit (rows).
select name as table, toInt64(coalesce(total_rows, 0)) as rows
from system.tables
where database = currentDatabase() and engine like '%MergeTree'
order by name
limit {limit:UInt32}
