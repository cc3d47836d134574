"""History in the stream: bars that a person imported, told by frames of their own (`market.record.Bar`).

They are of another time than the frames around them. Bars, statistics and regimes learn from them; what asks about the
present (coverage, latencies, signals, the pace of a replay) passes over their frames, `batch.past`.
"""

HISTORY = "history"  # the table of a batch with its bars of history (BAR); the source of their rows in the journal
