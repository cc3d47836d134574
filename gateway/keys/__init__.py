"""API keys: their text, where they are kept, how fast each may ask."""

from gateway.keys.store import Key, Keys, KeyStoreError

__all__ = ["Key", "KeyStoreError", "Keys"]
