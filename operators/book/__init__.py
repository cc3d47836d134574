"""Order books: rebuilt exactly from snapshots and changes, and never shown when a message may be missing."""
