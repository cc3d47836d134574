"""Rolling statistics of ticks and bars. Empty until the first of them is needed."""
