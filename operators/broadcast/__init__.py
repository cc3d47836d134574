"""What the flows say to the world beside their tables, as events of the broadcast journal (market/broadcast.py)."""
