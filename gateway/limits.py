"""Every limit of the gateway, by name."""

MAX_ROWS = 1_000  # rows one answer may carry
DEFAULT_ROWS = 100
MAX_INSTRUMENTS = 500  # instruments on the console page and in the terminal view
MAX_WINDOW_S = 3_600  # how far back `latest` may look, recorded time
DEFAULT_WINDOW_S = 60
MAX_BARS = 500  # bars per instrument in one answer
MAX_DAYS = 366  # how far back coverage and changes of regimes may look
MAX_HORIZON_BARS = 1_000  # of forecasts
MAX_TABLES = 200
QUERY_TIMEOUT_S = 5.0  # then the answer is 504
CONNECT_TIMEOUT_S = 2.0  # then the store counts as down
CONCURRENT_QUERIES = 4  # further requests wait their turn
CACHE_S = 0.8  # how old a shared overview may be: many viewers cost as much as one
CONCURRENT_CONNECTIONS = 128  # open sockets; more are answered 503
STALE_AFTER_S = 5.0  # without new rows for this long, a viewer says so
