"""What a route of an API answers is a model, each field of it has a data class, and its readers may have that class
[SEC-2]. Name and phone are in the answers of `contact-details` alone."""

import re
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from chassis.key_files import Purpose
from chassis.web.routes import Definition
from contracts.fields import DataClass
from contracts.leaves import fields_of, kind_of, leaves
from yhdyspinta.documents import ROOT, access

PERSONAL, PSEUDONYMOUS, STAFF, COMPANY, OPEN = DataClass
MAY_HAVE = {
    "referral": {PSEUDONYMOUS, STAFF, OPEN},
    "coaching": {PSEUDONYMOUS, STAFF, OPEN},
    "feedback": {PSEUDONYMOUS, STAFF, OPEN},
    "leads": {COMPANY, STAFF, OPEN},
    "notify": {STAFF, OPEN},
    "reporting": {OPEN},
}
"""By the audience: programs of the area, of a municipality, of the parties, and whoever reads published figures."""
OF_PERSONS = {
    # name and phone, where they are asked for
    "ContactShown/name": PERSONAL, "ContactShown/phone": PERSONAL,
    # ids and numbers that a register links to a person, and what is told of that person under them
    **dict.fromkeys((
        "referral_id", "case_id", "consent_id", "number", "municipality", "status", "referred_on", "respond_due_on",
        "received_at", "started_on", "ended_on", "return_reason", "purpose", "given_at", "told_to", "withdrawn_at",
        "due_at", "own_copy_erased_at", "acknowledged_at", "late", "waiting_for", "contact_details", "at", "kind",
        "detail", "fields/*", "fields/{name}", "fields/{value}", "detail/{name}", "detail/{value}", "receipt/{name}",
        "receipt/{value}", "proof", "origin", "asked_on", "opened_at", "began_on", "closed_on", "attempts", "booked_at",
        "outcome", "not_begun", "start_told", "end_told", "appointment", "closing", "as_of", "act", "why", "reason",
        "since", "lifted_at", "more_looks", "what", "where", "basis", "until", "recipients/*", "elsewhere/*",
        "rights/*", "next",
        "meeting_id", "proposal_id", "tet_id", "starts_at", "ends_at", "starts_on", "ends_on", "place", "stage",
        "sequence", "asked_at", "answered_at", "state", "plan", "declined", "days", "unit", "workplace_kind",
        "business_id", "contact_permitted", "comes_at", "request_id",
        "goes_on_beside", "goes_on_since", "starter_meetings", "controller", "Part/title", "Fact/name", "Fact/value",
    ), PSEUDONYMOUS),
    **dict.fromkeys(("requested_by", "answered_by", "reported_by", "case_manager", "recorded_by", "coach", "by",
                     "owner", "who", "set_by", "lifted_by", "received_by",
                     "HandedOver/cases", "HandedOver/stayed", "HandedOver/referrals"), STAFF),
    **dict.fromkeys((
        "group_id", "first_day", "last_day", "places", "free", "due_on", "told_at", "clients", "new_clients", "ended",
        "waiting", "revision", "reported_at", "reported_month", "agreement/name", "valid_from", "valid_until", "role",
        "AgreementShown/name",
        "service", "provider", "organisation", "owner_organisation", "owner_role", "source", "type", "by_agreement",
        "free_places", "more_referrals_wanted", "suits", "month", "observations/{name}",
        "observations/{value}", "recorded",
        "ohjaamo", "topic", "channel", "directed_to", "inquiries", "code", "email", "fi", "en", "rule", "triage_id",
        "channels/{name}", "asks", "section",
    ), OPEN),
}
"""Of an answer's field by its name, or `Model/name` where a name means another thing: whose data it is."""
OF_FIGURES = dict.fromkeys((
    "table", "period", "periods/*", "measure", "unit", "section", "sources/*", "dimensions/*", "dimensions/{name}",
    "dimensions/{value}", "adds_up_over/*", "value", "suppressed", "revision", "published_at", "plan_year", "fi", "en",
), OPEN)
OF_SERVICES_THEMSELVES = {"ServiceShown/name": OPEN, "ServiceShown/reason": OPEN, "ServiceShown/detail": OPEN}


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, Definition]]:
    return [(service, each) for service, theirs in access.routes().items() for each in theirs if each.kind == "api"]


def model_of(definition: Definition) -> type[BaseModel] | None:
    model: Any = definition.options.get("response_model")
    return get_args(model)[0] if get_origin(model) is list else model


def classes(service: str, model: type[BaseModel]) -> dict[str, DataClass | None]:
    """The data class of each value that an answer may hold, by its path; None where nobody has said."""
    return {leaf.path: leaf.kind.mark(DataClass) or class_of(service, model, leaf.path) for leaf in leaves(model)}


def class_of(service: str, model: type[BaseModel], path: str) -> DataClass | None:
    table = OF_FIGURES if service == "reporting" else {**OF_PERSONS, **OF_SERVICES_THEMSELVES}
    names = path.split("/")
    last = "/".join(names[-2:]) if names[-1] in ("*", "{name}", "{value}") else names[-1]
    owner = inside(model, names)
    return table.get(f"{owner.__name__}/{last}", table.get(last))


def inside(model: type[BaseModel], names: list[str]) -> type[BaseModel]:
    """The innermost model that holds the value at a path."""
    kind = fields_of(model)[names[0]]
    while kind.item is not None:
        kind, names = kind_of(kind.item), names[1:]
    return model if kind.model is None else inside(kind.model, names[1:])


def test_every_answer_of_an_api_is_a_model(routes):
    without = [(service, each.method, each.path) for service, each in routes
               if model_of(each) is None and each.status != 204 and each.policy.kind != "public"
               and not each.path.endswith(".csv")]
    assert without == []


def test_every_field_of_an_answer_has_a_data_class_that_its_readers_may_have(routes):
    unknown, too_much = set(), set()
    for service, each in routes:
        model = model_of(each)
        if model is None:
            continue
        may_have = set(MAY_HAVE[service]) if each.policy.kind != "public" else {OPEN}
        if each.path.endswith("/contact-details"):
            may_have.add(PERSONAL)
        for path, data_class in classes(service, model).items():
            if data_class is None:
                unknown.add((service, model.__name__, path))
            elif data_class not in may_have:
                too_much.add((service, each.path, path, data_class))
    assert unknown == set(), "say in this file whose data the field holds"
    assert too_much == set()


def test_a_personal_field_would_be_found():
    class Slipped(BaseModel):
        name: str
        number: str

    class ContactShown(BaseModel):
        name: str

    class Wrapped(BaseModel):
        found: list[ContactShown]

    assert classes("coaching", Slipped) == {"name": None, "number": PSEUDONYMOUS}
    assert classes("coaching", Wrapped) == {"found/*/name": PERSONAL}


SECRET_FILES = re.compile(r'"([a-z][a-z-]*(?:\.key|\.jwk|-password|-secret)|pseudonym-key)"')
"""Secrets are files, and their names end so (privacy.md, Secrets and exposure)."""


def test_every_secret_file_and_every_purpose_of_a_key_is_in_the_inventory():
    inventory = (ROOT / "docs" / "keys.md").read_text()
    named = {name for part in ("chassis", "services", "yhdyspinta") for file in (ROOT / part).rglob("*.py")
             for name in SECRET_FILES.findall(file.read_text())}
    assert named >= {"key-encryption.key", "signing-key.jwk", "pseudonym-key", "kafka-password", "database-password"}
    assert {name for name in named if f"`{name}`" not in inventory} == set()
    assert {purpose for purpose in Purpose if f"`{purpose}`" not in inventory} == set()
