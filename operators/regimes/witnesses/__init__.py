"""What a bar says of the regime beside its return: range, trades, order flow, believed as far as they have earned."""
