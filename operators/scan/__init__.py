"""The scanner: a batch's bytes to EVENT rows without an object, by a venue's tables of keys.

From the bottom: `machine` and `words` (bytes, eight at a time), `numbers`, `symbols` and `tables` (what is known
beforehand, as arrays), `message` (one message), `frames` (the kernel over a batch), `reading` (the kernel and the slow
path by turns).
"""
