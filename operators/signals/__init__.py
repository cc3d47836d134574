"""What a regime asks for: direction, confidence and the evidence, and their way to the trading flow as messages."""
