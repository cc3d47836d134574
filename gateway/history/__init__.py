"""Rows of the tables over any stretch of time, page by page, as JSON, Arrow or Parquet."""
