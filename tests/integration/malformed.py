"""Records of all other systems, good and bad: what a bad one is, and the true reason of its refusal."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeAlias

from contracts.fields import new_id
from contracts.topics import SYSTEMS, TOPICS
from tests.contract.attacks import WRONG
from tests.contract.examples import STRUCTURED, Record, binary

Event: TypeAlias = dict[str, Any]

NAMES = {"party": "CaseOpened", "crm": "CompanyVisitPlanned", "feedback": "FeedbackSubmitted", "bi": "ResultsReported"}
KEYS = {"party": "case_id", "crm": "business_id", "feedback": "feedback_id"}
TIME = "2026-03-02T09:15:00+02:00"
LATIN = "älä".encode("latin-1")


@dataclass(frozen=True)
class Sent:
    """A record on a system's intake topic. `reason` is None of a good one; `event` is what it says."""

    system: str
    kind: str
    record: Record
    reason: str | None
    event: Event


def structured(event: Event) -> Record:
    """The event in structured mode, numbers of any size too."""
    return str(event["subject"]).encode(), json.dumps(event, ensure_ascii=False).encode(), list(STRUCTURED)


def good(system: str, random: Random) -> Event:
    """An event of a system that is taken, about something new (the BI's: a month's results again)."""
    organisation, kind = SYSTEMS[system].organisation, SYSTEMS[system].system
    made: dict[str, Callable[[], Event]] = {
        "party": lambda: {
            "case_id": new_id(), "client": new_id(), "service": "outreach", "municipality": organisation,
            "provider": organisation, "origin": "self", "asked_on": "2026-02-27", "opened_at": TIME},
        "crm": lambda: {
            "business_id": business_id(random), "municipality": random.choice(("lempaala", "vesilahti")),
            "visit_id": new_id(), "company_name": "Esimerkki Oy", "on": "2026-03-12", "organisation": organisation,
            "organisations": [organisation, "iht"], "purpose": "recruiting"},
        "feedback": lambda: {
            "feedback_id": new_id(), "municipality": organisation, "about": "employment-area", "rating": 4,
            "text": "Hyvää palvelua.", "channel": "form", "reply_wanted": False, "received_at": TIME},
        "bi": lambda: {
            "month": f"2026-{random.choice((1, 2)):02}", "municipality": "lempaala",
            "measures": {"job-search-talks": random.randrange(1000)}},
    }
    data = made[kind]()
    subject = data[KEYS[kind]] if kind in KEYS else f"{data['municipality']}:{data['month']}:results"
    return {"specversion": "1.0", "id": new_id(), "source": SYSTEMS[system].source,
            "type": f"fi.yhdyspinta.{NAMES[kind]}.v1", "subject": subject, "time": TIME, "data": data}


def business_id(random: Random) -> str:
    while True:
        digits = [random.randrange(10) for _ in range(7)]
        rest = sum(a * b for a, b in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
        if rest != 1:
            return "".join(map(str, digits)) + f"-{(11 - rest) % 11}"


def records(count: int, random: Random) -> Iterator[Sent]:
    """So many bad records of all systems and kinds, each with a good one before it."""
    kinds = {system: list(_kinds(system, random)) for system in SYSTEMS}
    turns = {system: random.randrange(len(kinds[system])) for system in SYSTEMS}
    for number in range(count):
        system = tuple(SYSTEMS)[number % len(SYSTEMS)]
        event = good(system, random)
        yield Sent(system, "good", random.choice((structured, binary))(event), None, event)
        turns[system] += 1
        name, reason, make = kinds[system][turns[system] % len(kinds[system])]
        yield Sent(system, name, make(event if reason == "id-reused" else good(system, random)), reason, event)


Kind: TypeAlias = tuple[str, str, Callable[[Event], Record]]


def _kinds(system: str, random: Random) -> Iterator[Kind]:
    """The ways in which a record of a system can be bad."""
    yield from _attacks(system)
    yield from _bytes(random)
    yield from _attributes(random)
    yield from _data(system)


def _attacks(system: str) -> Iterator[Kind]:
    """The contract's attacks on this system's topic."""
    for wrong in WRONG:
        if wrong.topic.name == SYSTEMS[system].writes and wrong.reason != "time-ahead":
            yield f"attack: {wrong.name}", wrong.reason, partial(_as_it_is, wrong.record)


def _as_it_is(record: Record, _: Event) -> Record:
    return record


def _bytes(random: Random) -> Iterator[Kind]:
    def value(change: Callable[[bytes], bytes | None]) -> Callable[[Event], Record]:
        def make(event: Event) -> Record:
            key, text, headers = structured(event)
            return key, change(text or b""), headers
        return make

    yield "null", "empty", value(lambda _: None)
    yield "nothing", "empty", value(lambda _: b"")
    yield "any bytes", "not-json", value(lambda text: b"\x00" + random.randbytes(random.randrange(900)))
    yield "cut off", "not-json", value(lambda text: text[:random.randrange(1, len(text))])
    yield "BOM", "not-json", value(lambda text: b"\xef\xbb\xbf" + text)
    yield "a lone surrogate", "not-json", value(lambda text: text[:-1] + b',"x":"\\ud83d"}')
    yield "latin", "not-json", value(lambda text: text[:-1] + b',"x":"' + LATIN + b'"}')
    yield "two objects", "not-json", value(lambda text: text + text)
    yield "a batch", "not-json", value(lambda text: b"[" + text + b"]")
    yield "deep", "not-json", value(lambda text: text[:-1] + b',"x":' + b"[" * 40 + b"]" * 40 + b"}")
    yield "very deep", "not-json", value(lambda _: b"[" * 30_000)
    yield "70 kilobytes", "too-large", value(lambda text: text[:-1] + b',"x":"' + b"x" * 70_000 + b'"}')
    yield "a megabyte", "too-large", value(lambda _: random.randbytes(1_000_000))
    yield "9 kilobytes of headers", "too-large", lambda e: (*structured(e)[:2], [("x", b"x" * 9_000)])


def _attributes(random: Random) -> Iterator[Kind]:
    def made(**changes: Any) -> Callable[[Event], Record]:
        return lambda e: structured({n: v for n, v in (e | changes).items() if v is not ...})

    def keyed(key: bytes | None) -> Callable[[Event], Record]:
        return lambda e: (key, *structured(e)[1:])

    def headed(*headers: tuple[str, bytes | None]) -> Callable[[Event], Record]:
        return lambda e: (*binary(e)[:2], [*binary(e)[2], *headers])

    for name in ("specversion", "id", "source", "type", "time"):
        yield f"no {name}", "not-cloudevents", made(**{name: ...})
        yield f"{name} is a number", "not-cloudevents", made(**{name: 10**40})
    for time in ("2026-02-30T09:15:00Z", "yesterday", "2026-03-02T09:15:00", "0026-03-02T09:15:00Z"):
        yield f"time {time}", "not-cloudevents", made(time=time)
    yield "data is a text", "not-cloudevents", made(data="Aino Esimerkki")
    yield "a ce_ header twice", "not-cloudevents", headed(("ce_id", b"x"))
    yield "a ce_ header not UTF-8", "not-cloudevents", headed(("ce_x", b"\xff"))
    yield "ce_data", "not-cloudevents", headed(("ce_data", b"{}"))
    yield "no headers", "not-cloudevents", lambda e: (*structured(e)[:2], [])
    yield "somebody else's source", "not-the-writer", made(source="/shared/leads")
    yield "an unknown type", "unknown-type", made(type=f"fi.yhdyspinta.Event{random.randrange(999)}.v1")
    yield "another side's type", "unknown-type", made(type="fi.yhdyspinta.ReferralConsented.v1")
    yield "no key", "wrong-key", keyed(None)
    yield "another key", "wrong-key", keyed(b"aino.esimerkki@esimerkki.invalid")
    yield "a key not UTF-8", "wrong-key", keyed(b"\xff\xfe")
    yield "ahead", "time-ahead", made(time="2027-03-02T09:15:00Z")


def _data(system: str) -> Iterator[Kind]:
    kind, topic = SYSTEMS[system].system, TOPICS[SYSTEMS[system].writes]

    def made(**changes: Any) -> Callable[[Event], Record]:
        return lambda e: structured(e | {"data": {n: v for n, v in (e["data"] | changes).items() if v is not ...}})

    if topic.refuses_unknown_fields:
        yield "an unknown field", "unknown-field", made(name="Aino Esimerkki")
        yield "an unknown attribute", "unknown-field", lambda e: structured(e | {"phone": "+358415550123"})
    values: tuple[Any, ...] = (5, True, None, [], {}, "", "X" * 5_000, ...)
    for value in values:
        yield f"municipality {str(value)[:9]}", "invalid", made(municipality=value) if kind != "bi" else made(
            measures=value if isinstance(value, str | list) else None)
    yield from {
        "party": (
            ("personal data in a code", "unknown-code", made(service="aino-esimerkki-010190-123a")),
            ("another provider", "not-yours", made(provider="lempaalan-kehitys")),
            ("a service of another provider", "not-possible", made(
                service="wellbeing-planner" if system == "lempaala-party" else "coaching")),
            ("another content", "id-reused", made(asked_on="2026-02-26")),
        ),
        "crm": (
            ("personal data in a code", "unknown-code", made(purpose="aino-esimerkki-010190-123a")),
            ("an identity code", "personal-data", made(company_name="Tmi Aino 010190-123A")),
            ("another organisation", "not-yours", made(organisation="keha")),
            ("another content", "id-reused", made(purpose="growth")),
        ),
        "feedback": (
            ("personal data in a code", "unknown-code", made(service="aino-esimerkki-010190-123a")),
            ("another municipality", "not-yours", made(
                municipality="vesilahti" if system == "lempaala-feedback" else "lempaala")),
            ("a huge number", "invalid", made(rating=10**300)),
            ("another content", "id-reused", made(rating=1)),
        ),
        "bi": (
            ("personal data in a code", "unknown-code", made(measures={"aino-esimerkki-010190-123a": 1})),
            ("a huge number", "invalid", made(measures={"job-search-talks": 10**300})),
            ("another content", "id-reused", made(measures={"job-search-talks": 5_000})),
        ),
    }[kind]
