"""What a store may say no with: trouble that passes by itself, and trouble that somebody must end.

Transient: there was no answer, or one of `TRANSIENT_CODES`; tried again after a short, growing pause. Permanent: any
other answer (a wrong password, a column or a table that is missing), tried again once a minute. Anything that is no
word of the store or of the way to it is a fault of ours and belongs to the owner of the writer.
"""

from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, ProgrammingError
from urllib3.exceptions import HTTPError

from market.errors import StoreError

# ClickHouse's names of the codes that pass: https://clickhouse.com/codebrowser/ClickHouse/src/Common/ErrorCodes.cpp
TRANSIENT_CODES = {
    159: "TIMEOUT_EXCEEDED",
    198: "DNS_ERROR",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    225: "NO_ZOOKEEPER",
    236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE",
    252: "TOO_MANY_PARTS",
    279: "ALL_CONNECTION_TRIES_FAILED",
    285: "TOO_FEW_LIVE_REPLICAS",
    286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    319: "UNKNOWN_STATUS_OF_INSERT",
    394: "QUERY_WAS_CANCELLED",
    439: "CANNOT_SCHEDULE_TASK",
    999: "KEEPER_EXCEPTION",
}
# Those that a person must look at, as they are met most; the list is for the reader: every other code is permanent too.
PERMANENT_CODES = {
    16: "NO_SUCH_COLUMN_IN_TABLE",
    20: "NUMBER_OF_COLUMNS_DOESNT_MATCH",
    27: "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
    38: "CANNOT_PARSE_DATE",
    47: "UNKNOWN_IDENTIFIER",
    53: "TYPE_MISMATCH",
    60: "UNKNOWN_TABLE",
    62: "SYNTAX_ERROR",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING",
    117: "INCORRECT_DATA",
    164: "READONLY",
    192: "UNKNOWN_USER",
    193: "WRONG_PASSWORD",
    497: "ACCESS_DENIED",
    516: "AUTHENTICATION_FAILED",
}
OUTSIDE = (ClickHouseError, StoreError, HTTPError, OSError)  # words of the store, or of the way to it


def transient(error: BaseException) -> bool:
    """Whether trying again soon may help: there was no answer, or one that says so."""
    if isinstance(error, StoreError):
        return error.__cause__ is not None and transient(error.__cause__)
    if isinstance(error, ProgrammingError | DataError):
        return False
    if not isinstance(error, ClickHouseError):
        return isinstance(error, HTTPError | OSError)
    code = getattr(error, "code", None)
    return code is None or code in TRANSIENT_CODES
