"""ClickHouse: schema, migrations, client, the writer of insert blocks, and the embedded store that speaks its HTTP."""
