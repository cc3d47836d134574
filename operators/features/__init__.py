"""What the books and trades say from moment to moment, as columns beside the quotes."""
