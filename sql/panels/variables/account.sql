-- Accounts that ever stood anywhere, held or were refused anything.
select distinct account from positions union distinct select distinct account from risk_events
union distinct select distinct account from accounts where receive_time > $__toTime_ms - interval 7 day order by account
