"""`python -m flows` is `barograph`."""

from flows.cli import main

main()
