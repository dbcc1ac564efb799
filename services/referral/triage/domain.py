"""Whose matter an inquiry is, the area's or the municipality's: the plan's questions, one after the other [3.7].

Pure. Nothing here or in what is kept is about a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast, get_args

from chassis.decisions import Decision, Refusal, decided, refuse
from contracts.events.triage import InquiryTriaged
from contracts.fields import TriageId
from contracts.plan.tables import Triage, TriageRule

Channel: TypeAlias = Literal["post", "call", "email", "visit"]
CHANNELS = cast(tuple[Channel, ...], get_args(Channel))
"""In the order in which digits choose them."""
CAN_BE_UNDONE_FOR = timedelta(minutes=2)
"""How long a wrong key can be taken back, unless the next inquiry begins before: then the inquiry is told."""


@dataclass(frozen=True)
class RuleUnknown(Refusal):
    """The plan asks no such question of the channel."""

    code = reason = "unknown-code"
    sentence_en = "The plan has no such question for this channel. The ones it has: {known}."
    sentence_fi = "Toimintasuunnitelmassa ei ole tällaista kysymystä tälle yhteydenottotavalle. Kysymykset: {known}."
    status = 422
    field = "/rule"
    known: str


@dataclass(frozen=True)
class InquiryIsTold(Refusal):
    """What is counted can't be taken back."""

    code = "inquiry-is-told"
    sentence_en = "This inquiry is counted already and can't be taken back. Begin the next one."
    sentence_fi = "Asia on jo tilastoitu, eikä sitä voi enää perua. Aloita seuraava."


@dataclass(frozen=True)
class Inquiry:
    """One inquiry and where it was directed. `told_at`: when it was published; before that it can be undone."""

    id: TriageId
    organisation: str
    channel: Channel
    rule: str
    directed_to: str
    at: datetime
    told_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """One question of a channel's form. `after`: the rule that a "no" leads to; `before`: the one it came from. A
    rule that asks nothing decides all that is left."""

    code: str
    rule: TriageRule
    before: str | None
    after: str | None


def steps(triage: Triage, channel: str) -> Mapping[str, Step]:
    """A channel's questions in the order in which they are asked, by the rule's code."""
    form = triage.form(channel)
    codes = [None, *form, None]
    return {code: Step(code, rule, codes[place], codes[place + 2]) for place, (code, rule) in enumerate(form.items())}


def direct(triage: Triage, known: Inquiry | None, new_id: TriageId, organisation: str, channel: Channel, rule: str,
           now: datetime) -> Decision[Inquiry]:
    """The rule answers where the inquiry is directed. Answered again before it is told, the last answer holds; of a
    told one the answer stays. Refused with `RuleUnknown`."""
    form = triage.form(channel)
    if rule not in form:
        return refuse(RuleUnknown(", ".join(form)))
    if known is not None and known.told_at is not None:
        return decided(known)
    return decided(Inquiry(new_id, organisation, channel, rule, form[rule].directed_to, now))


def undo(inquiry: Inquiry) -> Decision[Inquiry]:
    """It was a wrong key: nothing is counted. Refused with `InquiryIsTold`."""
    return refuse(InquiryIsTold()) if inquiry.told_at else decided(inquiry)


def tell(inquiry: Inquiry, now: datetime) -> Decision[Inquiry]:
    """The answer holds and is published, once."""
    if inquiry.told_at:
        return decided(inquiry)
    return decided(replace(inquiry, told_at=now), InquiryTriaged(
        triage_id=inquiry.id, channel=inquiry.channel, rule=inquiry.rule, directed_to=inquiry.directed_to,
        at=inquiry.at,
    ))
