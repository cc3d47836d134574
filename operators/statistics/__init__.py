"""Statistics of closed bars: one family a file, as one-step functions; `describe` is the stage that runs them all."""
