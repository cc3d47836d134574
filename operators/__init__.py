"""Pure stages between journal and sinks: state and batch in, wider batch out. No clock, no I/O, no randomness."""
