"""The API of triage: the form, an answer to be counted, the counts; for a counter's own program."""

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.calendar import helsinki_day
from chassis.web import Db, Routes, Who, allow
from contracts import plan
from contracts.fields import UUID, Code, new_id
from services.referral.triage import domain, handlers
from services.referral.triage.domain import Channel, Inquiry

routes = Routes("Triage")
CLERKS = allow("service-corridor-clerk", "local-service-point-manager", own="organisation")
"""Who meets people at the counter."""
READERS = allow(
    "service-corridor-clerk", "local-service-point-manager", "service-supervisor", "service-manager")
"""Those, and who follows how many come."""
EXAMPLE_ID = "019cad66-7df2-7131-9df2-6c3514000d8e"
Id = Annotated[str, Path(pattern=UUID, description="`triage_id`", examples=[EXAMPLE_ID])]


class Answer(BaseModel):
    """Which question of a channel was answered with yes; nothing about the person."""

    channel: Channel
    rule: Code = Field(description="A rule of the form for the channel.", examples=["labour-authority"])

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"channel": "call", "rule": "labour-authority"}]})


class Address(BaseModel):
    """Where to direct."""

    code: str = Field(examples=["area-organisation-mailbox"])
    fi: str = Field(examples=["työllisyysalueen organisaatioposti"])
    en: str = Field(examples=["organisation mailbox of the employment area"])
    organisation: str = Field(examples=["tampere-region"])
    email: str | None = Field(None, examples=["tyollisyyspalvelut.seutu@tampere.fi"])


class Directed(BaseModel):
    """An inquiry that is counted, and where it was directed."""

    triage_id: str = Field(examples=[EXAMPLE_ID])
    channel: Channel
    rule: str = Field(examples=["labour-authority"])
    at: AwareDatetime
    directed_to: Address


class Question(BaseModel):
    """One rule: the first that is answered with yes decides; one that does not ask decides all that is left."""

    rule: str = Field(examples=["labour-authority"])
    fi: str = Field(examples=["Onko sinulla asiaa työllisyyspalvelujen työvoimaviranomaiselle?"])
    en: str = Field(examples=["Is your matter for the labour authority of the employment services?"])
    asks: bool
    directed_to: str = Field(examples=["area-service-point"])
    section: str | None = Field(description="Of the action plan; null where it is assumed.", examples=["3.7"])


class FormShown(BaseModel):
    """The questions of each channel in the order in which they are asked, and the addresses."""

    channels: dict[Channel, list[Question]]
    addresses: list[Address]


class CountShown(BaseModel):
    """How many of a channel were directed to an address in a month."""

    month: str = Field(examples=["2026-11"])
    channel: Channel
    directed_to: str = Field(examples=["area-service-point"])
    inquiries: int = Field(examples=[61])


class Counts(BaseModel):
    """Of the running month and the twelve before, newest first; where none were, nothing stands."""

    counts: list[CountShown]


@routes.api(
    "GET", "/api/triage/form", policy=CLERKS, scope="triage", response_model=FormShown,
    summary="The questions that decide where an inquiry is directed",
)
async def form(db: Db) -> Any:
    """As the action plan in force has them: ask a channel's questions in order, until one is answered with yes."""
    rules = db.plan
    return FormShown(
        channels={
            channel: [Question(
                rule=code, fi=rule.fi, en=rule.en, asks=rule.asks, directed_to=rule.directed_to,
                section=rules.provenance(f"triage.rules.{code}").section,
            ) for code, rule in rules.triage.form(channel).items()]
            for channel in domain.CHANNELS
        },
        addresses=[_address(rules, code) for code in rules.triage.addresses],
    )


@routes.api(
    "POST", "/api/triage", policy=CLERKS, scope="triage", status=201, response_model=Directed,
    summary="Direct an inquiry, and count it",
)
async def direct(answer: Answer, response: Response, db: Db, who: Who) -> Any:
    """Counted at once and for good: ask first, send the answer when it holds."""
    inquiry = await handlers.direct(db, new_id(db.now), answer.channel, answer.rule, who)
    await handlers.finish(db, inquiry.id, who)
    response.headers["Location"] = f"{db.settings.prefix_path}/api/triage/{inquiry.id}"
    return _directed(inquiry)


@routes.api(
    "GET", "/api/triage/counts", policy=READERS, scope="triage", response_model=Counts,
    summary="How many were directed where, by month",
)
async def counts(db: Db) -> Any:
    """Of all counters of the area."""
    return Counts(counts=[CountShown.model_validate(vars(each)) for each in await handlers.counts(db)])


@routes.api(
    "GET", "/api/triage/{triage_id}", policy=CLERKS, scope="triage", response_model=Directed,
    summary="One inquiry of your own organisation",
)
async def show(triage_id: Id, db: Db, who: Who) -> Any:
    """Channel, rule and address; nothing is kept of the person."""
    return _directed(await handlers.shown(db, triage_id, who))


def _directed(inquiry: Inquiry) -> Directed:
    rules = plan.on(helsinki_day(inquiry.at))
    return Directed(
        triage_id=inquiry.id, channel=inquiry.channel, rule=inquiry.rule, at=inquiry.at,
        directed_to=_address(rules, inquiry.directed_to),
    )


def _address(rules: plan.Plan, code: str) -> Address:
    found = rules.triage.addresses[code]
    return Address(code=code, fi=found.fi, en=found.en, organisation=found.organisation, email=found.email)
