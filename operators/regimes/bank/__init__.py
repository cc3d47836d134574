"""Banks of exact filters whose parameters learn: what state a market is in, from its returns alone."""
