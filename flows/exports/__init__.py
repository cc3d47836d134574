"""Tables as files: whole or not at all, in the order of their keys, every row once."""
