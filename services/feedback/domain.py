"""Feedback that the municipalities' own systems take in [5].

What concerns a municipal service stays on the municipal side; what concerns the employment area is told on the
shared one. Text never leaves this service.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.calendar import helsinki_day
from chassis.decisions import Decision, Refusal, decided, ignored, refuse
from contracts.envelope import Event
from contracts.events.feedback import FeedbackReceived, FeedbackSubmitted


@dataclass(frozen=True)
class Feedback:
    """One piece of feedback as it came; `text` may hold personal data and is shown to its readers alone."""

    id: str
    source: str
    municipality: str
    about: str
    service: str | None
    channel: str
    rating: int | None
    text: str | None
    reply_wanted: bool
    received_at: datetime
    told_at: datetime

    @property
    def topic(self) -> str:
        """Where its receipt is told: `about` decides the side."""
        return "municipal.feedback.v1" if self.about == "municipal-service" else "shared.feedback.v1"


@dataclass(frozen=True)
class NotYours(Refusal):
    """A feedback system tells of its own municipality alone."""

    code = "not-yours"
    reason = "not-yours"
    status = 403
    field = "/data/municipality"
    sentence_en = "The feedback belongs to another municipality. That municipality's own system publishes it."
    sentence_fi = "Palaute kuuluu toiselle kunnalle. Sen julkaisee kunnan oma palautejärjestelmä."


@dataclass(frozen=True)
class NotSender(Refusal):
    """The feedback was opened by another system."""

    code = "not-yours"
    reason = "not-yours"
    status = 403
    field = "/source"
    sentence_en = "Another system opened this feedback. Use a feedback_id of your own."
    sentence_fi = "Toinen järjestelmä on avannut tämän palautteen. Käytä omaa tunnusta (feedback_id)."


def take(event: Event[FeedbackSubmitted], known: Feedback | None) -> Decision[Feedback]:
    """Takes feedback and tells that it was received; a later one under the same id replaces the earlier."""
    data = event.data
    if data.municipality != event.source.split("/")[1]:
        return refuse(NotYours())
    if known is not None and known.source != event.source:
        return refuse(NotSender())
    if known is not None and known.told_at >= event.time:
        return ignored("later-known")
    feedback = Feedback(
        id=str(data.feedback_id), source=event.source, municipality=data.municipality, about=data.about,
        service=data.service, channel=data.channel, rating=data.rating, text=data.text,
        reply_wanted=data.reply_wanted, received_at=data.received_at, told_at=event.time,
    )
    given: dict[str, Any] = {n: getattr(data, n) for n in ("service", "rating") if getattr(data, n) is not None}
    return decided(feedback, FeedbackReceived(
        feedback_id=data.feedback_id, received_on=helsinki_day(data.received_at), municipality=data.municipality,
        about=data.about, **given,
    ))
