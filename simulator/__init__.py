"""A simulated exchange: matching engine, regime-switching order flow, recorded truth, Binance USD-M's protocol."""
