-- Instruments of the chosen venues.
select distinct instrument from instruments where $__conditionalAll(venue in (${venue:singlequote}), $venue) order by instrument
