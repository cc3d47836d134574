"""From signals to targets: how much of each instrument the portfolio wants to hold."""
