-- Instruments as Grafana Live names them: `<venue>/<instrument>`, every other letter than A-Z, a-z, 0-9, - and _ as _.
select
    concat(replaceRegexpAll(venue, '[^A-Za-z0-9_-]', '_'), '/', replaceRegexpAll(instrument, '[^A-Za-z0-9_-]', '_')) as id,
    concat(instrument, ' · ', venue) as name
from (select distinct venue, instrument from instruments)
order by name
