"""What a bar says of the regime beside its return: ranges, trades and order flow, believed as far as they have earned."""
