"""Header names that are not UTF-8: Kafka lets a writer send them, aiokafka raises on them and reads no further.

Promise: after `accept_any_name()` a consumer of this process reads such a record as any other; each byte of a name
that is no UTF-8 becomes U+FFFD, which no name of ours has. All other records are read as fast as before: only a
batch in which a name could not be read is read again.
"""

from collections.abc import Iterator
from typing import Any, SupportsIndex, overload

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint_py


class _Part(bytearray):
    """A piece of a record; as text it never raises."""

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")


class _Buffer(bytearray):
    """A batch's bytes, whose pieces are such."""

    @overload
    def __getitem__(self, at: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> bytearray: ...
    def __getitem__(self, at: SupportsIndex | slice) -> int | bytearray:
        return _Part(super().__getitem__(at)) if isinstance(at, slice) else super().__getitem__(at)


class _AnyName(_DefaultRecordBatchPy):  # type: ignore[misc] # final, for it has a twin in C
    """A batch whose header names may be any bytes."""

    _buffer: bytearray

    def __iter__(self) -> "_AnyName":
        super().__iter__()
        self._buffer = _Buffer(self._buffer)
        return self

    def _read_msg(self, decode_varint: Any = decode_varint_py) -> Any:
        return super()._read_msg(decode_varint_py)


class _Records:
    """What a fetch gave of a partition; keeps the bytes of the batch in hand."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched, self._records, self._at = fetched, MemoryRecords(fetched), 0

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def next_batch(self) -> Any:
        begins = self._at
        self._at += 12 + int.from_bytes(self._fetched[begins + 8 : begins + 12], "big")
        return _Batch(self._records.next_batch(), self._fetched[begins : self._at])


class _Batch:
    """A batch as aiokafka has it, but for its records: those from the first odd name on are read here."""

    def __init__(self, batch: Any, received: bytes) -> None:
        self._batch, self._received = batch, received

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            again = iter(_AnyName(bytearray(self._received)))
            for number, record in enumerate(again):
                if number >= read:
                    yield record


def accept_any_name() -> None:
    """Lets aiokafka's consumers read records whatever their header names are; may be called again."""
    fetcher.MemoryRecords = _Records
