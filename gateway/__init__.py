"""The tables over HTTP: a small REST API and the console page. Reads the store and never writes."""
