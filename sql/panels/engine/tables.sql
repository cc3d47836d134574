-- Tables by size.
select
    name as table_name, toInt64(coalesce(total_rows, 0)) as held_rows, toInt64(coalesce(total_bytes, 0)) as bytes,
    if(total_rows > 0, total_bytes / total_rows, null) as bytes_per_row, toInt64(coalesce(parts, 0)) as data_parts
from system.tables
where database = currentDatabase() and engine like '%MergeTree'
order by bytes desc
limit 100
