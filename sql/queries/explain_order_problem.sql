-- What the optimiser had been asked.
-- Parameters: account, request.
select *
from problems
where account = {account:String} and request = {request:Int64}
limit 1
