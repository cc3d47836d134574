"""The order side of the simulated exchange: Binance USD-M's order API on the matching engine, one account, no luck
but that of a seeded faults object. Starts without sockets at `desk.Desk`, with them at `wire.Counter`."""
