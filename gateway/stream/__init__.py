"""The WebSocket stream: everybody reads one bounded ring of rows with a cursor of his own, so nobody has a queue."""
