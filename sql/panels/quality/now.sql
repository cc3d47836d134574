-- Data quality in five numbers: open gaps, gaps that opened in the range, dead letters, the worst coverage, seconds down.
select
    (select count() from open_gaps where $__conditionalAll(venue in (${venue:singlequote}), $venue) and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)) as gaps_open,
    (select count() from gaps final where state = 'open' and $__timeFilter_ms(receive_time) and $__conditionalAll(venue in (${venue:singlequote}), $venue) and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)) as gaps_opened,
    (select count() from dead_letters where $__timeFilter_ms(receive_time) and $__conditionalAll(venue in (${venue:singlequote}), $venue)) as unread_frames,
    (select min(newest) from (select argMax(share, time) as newest from coverage where $__conditionalAll(venue in (${venue:singlequote}), $venue) and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument) and $__timeFilter_ms(time) group by venue, instrument, session)) as worst_coverage,
    (select sum(seconds) from availability final where state = 'down' and $__timeFilter_ms(start_time) and $__conditionalAll(venue in (${venue:singlequote}), $venue) and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)) as down_s
