"""What the executor counts."""

from market.metric_table import counter, gauge, histogram

SENT = counter("orders_sent", "orders handed to the wire")
TOLD = counter("orders_updates", "states of orders told to the trading flow, by who said so", "origin", "state")
REFUSED = counter("orders_unsent", "orders that the executor did not send, by reason", "reason")
PENDING = gauge("orders_pending", "orders whose end is not known, by stage", "stage")
OLDEST_DOUBT = gauge("orders_oldest_doubt_seconds", "since the order longest in doubt was last sent or found standing")
LINK_UP = gauge("orders_link_up", "1 while orders can be sent and are heard of")
UNREAD = counter("orders_unread_frames", "frames of the user stream, or of the orders journal, that cannot be read")
STATEMENTS = counter("orders_statements", "statements of the account, by cause", "cause")
WIRE_SECONDS = histogram("orders_decision_to_wire_seconds", "from the receipt of what decided an order to the wire")
ANSWER_SECONDS = histogram("orders_decision_to_answer_seconds", "from that receipt to the venue's answer")
