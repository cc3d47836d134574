"""The scanner: a batch's bytes to EVENT rows without an object, by a venue's tables of keys.

From the bottom: `machine` and `words` (bytes, eight at a time), `numbers`, `times` and `symbols` (what they say),
`tables`, `build` and `room` (a venue's keys as arrays, and the rows that they can need), `values` (one value), `choose`
(which message it is), `message` (the parts of one), `rows` (what it means), `frames` (the kernel over a batch),
`reading` (the kernel and the slow path by turns).
"""
