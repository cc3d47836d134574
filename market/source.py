"""A digest of our own source, which tells results of one version from those of another."""

import hashlib
from functools import cache
from pathlib import Path

PACKAGES = ("market", "venues", "sources", "operators", "sinks", "flows")  # all that decides what comes of a journal


@cache
def source_digest() -> str:
    """Hex digest of every file that decides what a flow computes and writes."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
