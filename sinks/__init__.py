"""Where rows go: the journal and ClickHouse."""
