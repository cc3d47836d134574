"""Which intents a kill must ask after: those of the orders journal that no executor has settled."""

from pathlib import Path

from flows.intents import orders_path, read_intents
from flows.kill.venue import Order
from market.messages import Approved
from sinks.orders.intents import AHEAD_NS
from sinks.orders.pending import NOTE, read_note
from sources.journal_reader import JournalReader

ROWS = 256


def unsettled(data: Path, halted_ns: int) -> list[Order]:
    """All that may have been sent and whose end was not noted, the newest last. Raises JournalError, OSError.

    What was decided after `halted_ns`, when HALT was there, was never sent: executors look for it after reading. But
    the clock of who decided may be ahead: what seems to come up to AHEAD_NS later stands before what surely came
    earlier.
    """
    path = orders_path(data)
    if not path.exists():
        return []
    found: dict[str, Order] = {}
    ahead: dict[str, Order] = {}
    with JournalReader(path) as journal:
        note, last = read_note(journal.meta().get(NOTE)), journal.last_offset()
        for client_order_id, instrument in note.standing:
            found[client_order_id] = Order(instrument, client_order_id)
        after = note.through
        while after < last and (rows := read_intents(journal, after, ROWS)):
            for row in (row for row in rows if row.received_ns <= halted_ns + AHEAD_NS):
                into = found if row.received_ns <= halted_ns else ahead
                for order in (message.order for message in row.messages if isinstance(message, Approved)):
                    into[order.client_order_id] = Order(order.instrument, order.client_order_id)
            after = rows[-1].offset
    return [*ahead.values(), *found.values()]
