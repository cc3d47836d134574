"""The commands of `barograph`, a file for each kind."""
