"""Every limit of the embedded store, by name. What happens at each is said beside it."""

QUERY_TEXT_BYTES = 1 << 20  # of a statement without its INSERT data; longer: 413
BODY_BYTES = 1 << 30  # of a request after decompression; longer: 413
URL_BYTES = 1 << 20  # of the request line and headers; longer: 400
MEMORY_BODY_BYTES = 4 << 20  # a larger body waits in a temporary file
FORM_BYTES = 16 << 20  # of a multipart request; longer: 413
MEMORY_RESULT_BYTES = 4 << 20  # a larger result that is waited for to its end goes through a temporary file
RESULT_BYTES = 1 << 30  # of a result in a format that cannot be streamed; longer: error 396
CHUNK_BYTES = 1 << 20  # pieces in which data goes to and from the engine
QUERIES = 16  # that run at once; further ones wait
WAITING_QUERIES = 256  # that wait; further ones get error 202
QUERY_MEMORY_BYTES = 4 << 30  # of one query; beyond: error 241
QUERY_SECONDS = 300  # of one query; beyond: error 159
CONNECTIONS = 512  # open sockets; further ones get 503
KEEP_ALIVE_SECONDS = 60  # an idle connection is closed after that
IDLE_SECONDS = 60  # a client that neither sends its body nor takes its result for so long is cut off
WAITING_SECONDS = 30  # a query that has not begun by then gets error 202
STOP_SECONDS = 1.5  # between being asked to stop and letting go of queries that still run
NOTES_PER_PASS = 10_000  # of the ledger that one pass of the roll-ups takes; the others wait for the next
STRETCH_PER_PASS_S = 3_600  # recorded time that one pass computes again, or one note if that is longer
ROW_SLICE_S = 3_600  # recorded time that one statement of a pass reads rows of; no slice crosses midnight
ROLL_UP_MEMORY_BYTES = 1 << 30  # of groups in one such statement; beyond, they go through the disk
