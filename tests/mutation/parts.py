"""The parts that nothing may break unnoticed, with the tests that ought to notice, the quickest first."""

from typing import NamedTuple


class Part(NamedTuple):
    """Modules and their own tests; their doctests are none: pytest loads what it is told to test in its own way."""

    modules: list[str]
    tests: list[str]


def _book(*names: str) -> list[str]:
    return [f"operators/book/{name}.py" for name in names]


def _one(path: str, test: str, *cases: str) -> list[str]:
    """Some cases of a test: those whose kernels take minutes when they are interpreted, and tell no more than these."""
    return [f"{path}::{test}[{case}]" for case in cases]


STREAMS, WINDOW, LIMITS = (
    "tests/operators/book/test_streams.py",
    "tests/operators/book/test_window.py",
    "tests/test_limits_page.py",
)
# They take long, and notice nothing: of kernels, because shorter ones of their kind say the same; others, because what
# they start is not mutated.
SLOW = [
    "tests/operators/book/test_rebuild.py::test_a_book_holds_any_depth[12000]",
    *_one(
        "tests/operators/book/test_edge.py",
        "test_the_whole_tape_equals_a_book_of_dictionaries",
        "1-2",
        "1-8",
        "3-2",
        "3-5",
        "3-8",
    ),
    "tests/sinks/test_journal_faults.py::test_a_disk_that_is_really_full_holds_the_writer_until_there_is_space_and_nothing"
    "_is_lost",
    "tests/sinks/test_journal_faults.py::test_a_flush_that_the_system_fails_stops_the_writer_at_the_last_durable_row",
    "tests/test_slow_consumers.py::test_a_client_that_does_not_take_its_answers_is_not_read_any_more",
]
PARTS: dict[str, list[Part]] = {
    "book": [
        Part(_book("consolidate", "quotes"), ["tests/operators/book/test_consolidate.py", LIMITS]),
        Part(_book("order_rows", "orders"), ["tests/operators/book/test_orders.py", LIMITS]),
        Part(
            _book("checksum", "crc32", "digits"),
            ["tests/operators/book/test_checksum.py", "tests/operators/book/test_in_band.py",
             *_one(STREAMS, "test_every_row_equals_a_book_of_texts", "summed-2", "summed-okx-2"), LIMITS],
        ),
        Part(
            _book("changes", "cut", "depth", "ladders", "overflow", "pending", "pictures", "rebuild", "rows", "streams",
                  "told", "troubles", "walk", "window"),
            [
                *(f"tests/operators/book/test_{name}.py" for name in ("checksum", "in_band", "rebuild", "edge")),
                *_one(WINDOW, "test_a_book_equals_dictionaries_wherever_the_price_goes", "calm-0", "jumps-0",
                      "sparse-0"),
                f"{WINDOW}::test_bands_that_reach_beyond_the_window_count_its_overflow",
                f"{WINDOW}::test_an_overflow_that_comes_to_the_end_of_its_room_begins_anew_in_the_middle",
                f"{WINDOW}::test_a_window_slides_down_and_back_up_through_its_overflow",
                *_one(STREAMS, "test_every_row_equals_a_book_of_texts", "summed-2", "chained-2", "counted-2", "blind-2",
                      "pictures-2"),
                *_one(STREAMS, "test_a_valid_book_is_the_venues_own_whatever_is_lost_doubled_or_out_of_order",
                      "chained-0"),
                "tests/operators/book/test_orders.py",
                LIMITS,
            ],
        ),
    ],
    "sequence": [Part(
        ["operators/book/sequence.py", "operators/connection.py"],
        ["tests/operators/test_connection.py", "tests/operators/test_connection_bounds.py",
         "tests/operators/book/test_sequence.py"],
    )],
    "journal": [Part(
        ["market/journal.py", "market/journal_facts.py", "sinks/journal.py", "sinks/journal_file.py",
         "sources/journal_reader.py", "sources/merge.py"],
        ["tests/sinks/test_journal.py", "tests/sinks/test_journal_file.py", "tests/sinks/test_journal_reader.py",
         "tests/sinks/test_journal_schema.py",
         "tests/sinks/test_journal_sink.py", "tests/sources/test_journal_source.py",
         "tests/sinks/test_journal_faults.py", "tests/flows/test_repair.py", "tests/sinks/test_journal_damage.py",
         "tests/test_slow_consumers.py", LIMITS],
    )],
    "dedup": [Part(["operators/repeats.py"], ["tests/operators/test_repeats.py", LIMITS])],
    "token": [Part(["sinks/clickhouse/blocks.py"],
                  ["tests/sinks/clickhouse/test_block_facts.py", "tests/sinks/clickhouse/test_block_cutting.py"])],
    "recovery": [Part(
        ["flows/checkpoints.py", "flows/recovery_store.py", "market/seal.py", "operators/stage.py"],
        ["tests/market/test_seal.py", "tests/operators/test_stage.py", "tests/flows/test_checkpoints.py",
         LIMITS],
    )],
}  # fmt: skip
