"""The gate before every order and the kill switch behind it. Nothing else may approve an order."""
