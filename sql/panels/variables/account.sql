-- Accounts that ever held or were refused anything.
select distinct account from positions union distinct select distinct account from risk_events order by account
