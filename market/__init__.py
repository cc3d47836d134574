"""The vocabulary of Barograph: what an instrument, an event, a batch and a message are. Imports nothing of ours."""
