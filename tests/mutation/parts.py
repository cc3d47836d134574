"""The parts that nothing may break unnoticed, with the tests that ought to notice, the quickest first."""

from typing import NamedTuple


class Part(NamedTuple):
    """Modules and their own tests."""

    modules: list[str]
    tests: list[str]


def _book(*names: str) -> list[str]:
    return [f"operators/book/{name}.py" for name in names]


# Of kernels: interpreted, they take minutes each, and say nothing that the shorter ones of their kind do not.
SLOW = ["tests/operators/book/test_rebuild.py::test_a_book_holds_any_depth[12000]"]
PARTS = {
    "book": Part(
        _book(
            "changes", "checksum", "consolidate", "crc32", "cut", "depth", "digits", "ladders", "order_rows", "orders",
            "overflow", "pending", "pictures", "quotes", "rebuild", "rows", "streams", "told", "troubles", "walk",
            "window",
        ),
        [f"tests/operators/book/test_{name}.py" for name in ("edge", "window", "orders", "in_band", "streams",
            "checksum", "consolidate", "rebuild")],
    ),
    "sequence": Part(
        ["operators/book/sequence.py", "operators/connection.py"],
        ["tests/operators/test_connection.py", "tests/operators/test_connection_bounds.py",
         "tests/operators/book/test_sequence.py"],
    ),
    "journal": Part(
        ["market/journal.py", "market/journal_facts.py", "sinks/journal.py", "sinks/journal_file.py",
         "sources/journal_reader.py", "sources/merge.py"],
        ["tests/sources/test_journal_source.py", "tests/sinks/test_journal.py", "tests/sinks/test_journal_schema.py",
         "tests/sinks/test_journal_sink.py", "tests/sinks/test_journal_faults.py",
         "tests/sinks/test_journal_damage.py", "tests/flows/test_repair.py", "tests/test_slow_consumers.py"],
    ),
    "dedup": Part(["operators/repeats.py"], ["tests/operators/test_repeats.py"]),
    "token": Part(["sinks/clickhouse/blocks.py"],
                  ["tests/sinks/clickhouse/test_block_facts.py", "tests/sinks/clickhouse/test_block_cutting.py"]),
    "recovery": Part(
        ["market/seal.py", "operators/stage.py", "flows/recovery_store.py", "flows/checkpoints.py"],
        ["tests/market/test_seal.py", "tests/operators/test_stage.py", "tests/flows/test_checkpoints.py"],
    ),
}  # fmt: skip
