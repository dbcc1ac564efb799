"""`*.rejections.v1`: why another system's event was not taken."""

from typing import Literal, TypeAlias

from contracts.envelope import Data
from contracts.fields import EventId, Offset, Pointer, Sentence, Source, TopicName

Reason: TypeAlias = Literal[
    "too-large",
    "empty",
    "not-json",
    "not-cloudevents",
    "not-the-writer",
    "unknown-type",
    "wrong-key",
    "time-ahead",
    "unknown-field",
    "invalid",
    "personal-data",
    "unknown-code",
    "id-reused",
    "not-yours",
    "unknown-subject",
    "not-possible",
    "year-closed",
    "unproven-key",
    "too-many-keys",
    "unreadable-seal",
]
"""Why an event is refused; of several the first that applies, in this order."""


class EventRejected(Data):
    """An event was refused: where it lies, why, and what to do; never a value of it."""

    KEY = "source"

    source: Source
    event_id: EventId | None = None
    topic: TopicName
    partition: Offset
    offset: Offset
    reason: Reason
    sentence_en: Sentence
    sentence_fi: Sentence
    field: Pointer | None = None
