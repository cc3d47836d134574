"""All partitions of a journal source, asked in turn as Bytewax does, and their snapshots."""

from collections.abc import Mapping

from market.batch import Batch
from market.seal import opened, seal
from sources.journal import JournalSource, Keyed


class Parts:
    """`resumed`: last offset handed on by partition name."""

    def __init__(self, source: JournalSource, resumed: Mapping[str, int] | None = None) -> None:
        resumed = resumed or {}
        states = {name: seal(None, offset) for name, offset in resumed.items()}
        names = sorted(source.list_parts())
        self.living = {name: source.build_part("step", name, states.get(name)) for name in names}

    def next_batch(self) -> list[Keyed]:
        """What one round gives; StopIteration when all partitions have ended."""
        items: list[Keyed] = []
        if not self.living:
            raise StopIteration
        for name, part in list(self.living.items()):
            try:
                items += part.next_batch()
            except StopIteration:
                del self.living[name]
        return items

    def snapshot(self) -> dict[str, int]:
        """Last offset handed on by partition name."""
        return {name: opened(part.snapshot()).row for name, part in self.living.items()}

    def drained(self) -> list[Batch]:
        """Everything up to the end."""
        batches: list[Batch] = []
        for _ in range(10_000):
            try:
                batches += [batch for _, batch in self.next_batch()]
            except StopIteration:
                return batches
        raise AssertionError("the source did not end")
