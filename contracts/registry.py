"""What the topic registry is made of: a topic with its rights, and another system with its one topic."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from contracts.envelope import Data
from contracts.fields import DataClass

DEAD_LETTER_BYTES = 2_097_152
"""Largest batch on a topic of dead letters or replays: a 1 MB record with its reasons is over the broker's default."""
BATCH_BYTES = 1_048_588
"""Largest batch elsewhere. It limits batches of small events, never one event: that limit is the reader's."""


class Cleanup(StrEnum):
    """What the broker does with old records; the value is Kafka's `cleanup.policy`."""

    DELETE = "delete"
    COMPACT = "compact"
    BOTH = "compact,delete"


@dataclass(frozen=True)
class Keep:
    """How long records are kept, and why; without a period the latest of each key stays."""

    period: timedelta | None
    reason_en: str
    reason_fi: str


@dataclass(frozen=True)
class Topic:
    """One topic: its rights, how it is kept, and the events that may lie on it.

    `writers` and `readers` are principals, `key` says what the record key is, `republishes` are the intake
    topics whose accepted events its writer publishes here unchanged. `remark` qualifies the class of data. With
    `open_to_accounts` anyone with a reader account may read it. `dead_letters` and `replays` hold records of other
    topics: what a service could not handle, and what it is to handle again.
    """

    name: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    key: str
    keep: Keep
    data_class: DataClass
    models: tuple[type[Data], ...] = ()
    partitions: int = 1
    cleanup: Cleanup = Cleanup.DELETE
    remark: str = ""
    republishes: tuple[str, ...] = ()
    tombstones: bool = False
    carries_no_trace: bool = False
    dead_letters: bool = False
    replays: bool = False
    open_to_accounts: bool = False
    segment: timedelta | None = None
    compaction: dict[str, str] = field(default_factory=dict)

    @property
    def side(self) -> str:
        """`area`, `municipal` or `shared`: the first word of the name."""
        return self.name.split(".", 1)[0]

    @property
    def retention(self) -> timedelta | None:
        return self.keep.period

    @property
    def reason(self) -> str:
        """Why it is kept so long, in English (`keep` has the Finnish sentence too)."""
        return self.keep.reason_en

    @property
    def refuses_unknown_fields(self) -> bool:
        """Whether an event with a field that its schema lacks is refused, so that nothing leaks by accident."""
        return self.data_class in (DataClass.PERSONAL, DataClass.PSEUDONYMOUS)

    def config(self) -> dict[str, str]:
        """The topic's configuration on the broker. Records are dated by the broker: a sender's clock can
        neither delete nor pin one."""
        period = self.keep.period
        settings = {
            "cleanup.policy": self.cleanup.value,
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(milliseconds(period)) if period else "-1",
            "max.message.bytes": str(DEAD_LETTER_BYTES if self.dead_letters or self.replays else BATCH_BYTES),
        }
        if self.segment:
            settings["segment.ms"] = str(milliseconds(self.segment))
        return settings | self.compaction


@dataclass(frozen=True)
class Quota:
    """What one principal may ask of a broker: bytes a second, and percent of one thread's time."""

    written: int = 2_097_152
    read: int = 8_388_608
    time: int = 100

    def settings(self) -> dict[str, float]:
        """The quota as Kafka spells it."""
        return {"producer_byte_rate": self.written, "consumer_byte_rate": self.read, "request_percentage": self.time}


@dataclass(frozen=True)
class System:
    """Another system: its principal on the broker, the one topic that it writes, whose it is, what it may use."""

    name: str
    writes: str
    organisation: str
    system: str
    quota: Quota = Quota()

    @property
    def source(self) -> str:
        return f"/{self.organisation}/{self.system}"


def milliseconds(period: timedelta) -> int:
    return period // timedelta(milliseconds=1)
