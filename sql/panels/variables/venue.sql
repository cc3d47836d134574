-- Venues of which anything was ever traded here.
select distinct venue from instruments order by venue
