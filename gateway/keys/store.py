"""Where keys are kept: SQLite, DATA/gateway/keys.db, readable by its owner only. Of a key only its SHA-256 is in it.

Every request reads it, so that a revocation is heard at once. What cannot be read is an error and never "no keys": a
gateway that once needed a key does not open because its key store is gone.
"""

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gateway.caller import SCOPES, Caller
from gateway.keys.text import LONGEST_BYTES, KeyText, key_id, new_key
from gateway.limits import MAX_KEYS
from market.clock import Clock
from market.errors import BarographError
from market.private_file import private_file

SCHEMA = """create table if not exists keys (
    id text primary key, name text not null, tenant text not null, scopes text not null, digest blob not null,
    rate_per_s integer not null, made_ns integer not null, expires_ns integer, revoked_ns integer
) strict"""
COLUMNS = "id, name, tenant, scopes, rate_per_s, made_ns, expires_ns, revoked_ns"
UNKNOWN = bytes(32)  # compared with where no key has the id, so that both take as long
WRITER_WAITS_S = 5.0
READER_WAITS_S = 0.2  # the loop that answers waits with it
OTHERS_WRITE = 0o022


class KeyStoreError(BarographError):
    """The key store cannot be read or written; whoever asks is refused."""


class Key(NamedTuple):
    """A key as it is kept, without its secret."""

    id: str
    name: str
    tenant: str
    scopes: frozenset[str]
    rate_per_s: int
    made_ns: int
    expires_ns: int | None
    revoked_ns: int | None

    def counts(self, now_ns: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_ns is None and (self.expires_ns is None or now_ns < self.expires_ns)

    def caller(self) -> Caller:
        """Who shows it."""
        return Caller(self.tenant, self.scopes, self.id, False)


class Keys:
    """The keys of one data directory; safe to use from many threads."""

    def __init__(self, data: Path, clock: Clock) -> None:
        self.path = data / "gateway" / "keys.db"
        self._clock = clock
        self._lock = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of what the reader reads
        self._seen = False  # a key store was there once

    def needed(self) -> bool:
        """Whether a key was ever made. Raises KeyStoreError where that cannot be known."""
        with self._lock:
            reader = self._opened()
            return reader is not None and bool(self._read(reader, "select 1 from keys limit 1"))

    def find(self, presented: bytes) -> Key | None:
        """The key whose text this is, if it counts. Raises KeyStoreError."""
        text = presented[:LONGEST_BYTES].decode("ascii", "replace")
        found, digest = self._row(key_id(text) or "")
        same = hmac.compare_digest(hashlib.sha256(text.encode()).digest(), digest)
        return found if found is not None and same and found.counts(self._clock.now_ns()) else None

    def holds(self, caller: Caller) -> bool:
        """Whether who was let in would still be: for streams, which outlive their first request. Never raises."""
        if caller.open or caller.key == "environment":
            return True
        try:
            found, _ = self._row(caller.key)
        except KeyStoreError:
            return False
        return found is not None and found.counts(self._clock.now_ns()) and found.caller() == caller

    def add(
        self, *, name: str, scopes: Collection[str], tenant: str, rate_per_s: int, expires_ns: int | None = None
    ) -> KeyText:
        """Make a key. Its text is in the answer and nowhere else. Raises KeyStoreError."""
        made = new_key()
        row = (
            *(made.id, name, tenant, " ".join(sorted(scopes)), hashlib.sha256(made.text.encode()).digest()),
            *(rate_per_s, self._clock.now_ns(), expires_ns, None),
        )
        self._create()
        with self._writing() as writer:
            if writer.execute("select count(*) from keys").fetchone()[0] >= MAX_KEYS:
                raise KeyStoreError(f"{self.path} holds {MAX_KEYS} keys, which is the most")
            writer.execute("insert into keys values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return made

    def all(self) -> list[Key]:
        """All keys ever made, oldest first. Raises KeyStoreError."""
        with self._lock:
            reader = self._opened()
            if reader is None:
                return []
            return [_key(row) for row in self._read(reader, f"select {COLUMNS} from keys order by made_ns, id")]

    def revoke(self, public: str) -> bool:
        """End a key; False where there is none of this id. Raises KeyStoreError."""
        if not self.path.exists():
            return False
        with self._writing() as writer:
            change = "update keys set revoked_ns = coalesce(revoked_ns, ?) where id = ?"
            changed = writer.execute(change, (self._clock.now_ns(), public)).rowcount
        return changed > 0

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    def _row(self, public: str) -> tuple[Key | None, bytes]:
        """A key by its id with its digest; an unknown one costs as much and has a digest that nothing has."""
        with self._lock:
            reader = self._opened()
            if reader is None:
                return None, UNKNOWN
            rows = self._read(reader, f"select {COLUMNS}, digest from keys where id = ?", public)
        return (_key(rows[0][:-1]), bytes(rows[0][-1])) if rows else (None, UNKNOWN)

    def _opened(self) -> sqlite3.Connection | None:
        """A connection to the file as it is now; None where no key was ever made."""
        try:
            facts = self.path.stat()
        except FileNotFoundError:
            self._let_go()
            if self._seen:
                raise KeyStoreError(f"{self.path} is gone; bring it back, or start the gateway anew") from None
            return None
        except OSError as error:
            raise self._unreadable(error) from error
        self._seen = True
        if facts.st_mode & OTHERS_WRITE:
            raise KeyStoreError(f"others may write {self.path}; chmod 600 it")
        if self._reader is None or self._file != (facts.st_dev, facts.st_ino):
            self._let_go()
            self._reader, self._file = self._connected(), (facts.st_dev, facts.st_ino)
        return self._reader

    def _connected(self) -> sqlite3.Connection:
        try:
            reader = sqlite3.connect(
                f"file:{self.path}?mode=rw", uri=True, timeout=READER_WAITS_S, check_same_thread=False
            )
            reader.execute("pragma query_only = on")
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        return reader

    def _read(self, reader: sqlite3.Connection, sql: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            self._let_go()
            raise self._unreadable(error) from error

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader, self._file = None, None

    def _create(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            private_file(self.path)
            with closing(sqlite3.connect(self.path, timeout=WRITER_WAITS_S)) as writer:
                writer.execute("pragma journal_mode = wal")
                writer.execute(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise self._unreadable(error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; nothing of it is kept where anything fails."""
        try:
            with closing(sqlite3.connect(self.path, timeout=WRITER_WAITS_S, isolation_level=None)) as writer:
                writer.execute("pragma synchronous = full")
                writer.execute("begin immediate")
                yield writer
                writer.execute("commit")
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> KeyStoreError:
        return KeyStoreError(f"the key store {self.path} cannot be used ({error})")


def _key(row: tuple[Any, ...]) -> Key:
    public, name, tenant, scopes, *rest = row
    return Key(public, name, tenant, frozenset(scopes.split()) & SCOPES.keys(), *rest)
