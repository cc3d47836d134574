"""Pure stages between the journal and the sinks: state in, batch in, wider batch out. No clock, no I/O, no randomness."""
