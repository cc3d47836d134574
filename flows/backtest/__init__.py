"""`barograph backtest`: recorded markets through the operators that trade live, and what that would have come to."""
