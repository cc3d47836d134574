"""Every limit of the webhooks, by name. What happens at each is said beside it."""

ENDPOINTS_PER_TENANT = 20  # a further one is refused
ENDPOINTS = 200  # of all tenants; a further one is refused
SECRETS_PER_ENDPOINT = 5  # that are valid at once; a further rotation is refused
OVERLAP_S = 7 * 86_400  # longest that a rotated secret stays valid; more is refused
FILTER_VALUES = 200  # names in one filter; more are refused
NAME_CHARACTERS = 64  # of a name in a filter; more are refused
URL_CHARACTERS = 2_048  # longer: refused
PENDING_PER_ENDPOINT = 10_000  # beyond, events are not queued but noted as missed, with an alarm
PAYLOAD_BYTES = 64 << 10  # a larger one is not queued but noted as missed
REPLAYED = 10_000  # deliveries that one replay queues again, oldest first; the rest by asking again
MISSED_NOTES = 1_000  # per endpoint; the oldest are forgotten

ATTEMPT_S = 15.0  # from the question for the name to the head of the answer; then the attempt has failed
BODY_S = 2.0  # for the rest of the answer; what has not come by then is not waited for, and the status counts
CONNECT_S = 5.0  # for one address of several; then the next is tried
ADDRESSES = 16  # of a name; a name with more is refused
ANSWER_BYTES = 64 << 10  # read of an answer; the rest is not
ANSWER_HEAD_BYTES = 16 << 10  # of its status line and headers; longer: failed
CONCURRENT_PER_ENDPOINT = 4  # attempts; of one that fails time and again, 1
CONCURRENT_SHARED = 64  # attempts at once beyond the first of each endpoint; further ones wait
ERROR_CHARACTERS = 200  # kept of why an attempt failed; the rest is cut

RETRY_AFTER_S = 86_400  # longest wait that a receiver may ask for; more counts as this
PAUSE_S = 300.0  # longest pause of an endpoint that fails time and again
LIFETIME_S = 4 * 86_400  # of a delivery that waits, since it was queued; then it is a dead letter

BUSY_S = 5.0  # wait for another process that writes to the database; then the command fails, or is tried again
DATABASE_BYTES = 1 << 30  # where nobody says otherwise; beyond, events are not queued but noted as missed
LOG_ROWS = 1_000  # attempts in one block for the store
PRUNED = 2_000  # old rows that are forgotten at a time, every ten seconds
LISTED = 1_000  # rows that one question may have answered
