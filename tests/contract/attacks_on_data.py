"""Records whose data must be refused as invalid: each with its true field."""

from typing import Any

import orjson

from tests.contract.attacks_on_envelopes import (
    COACHING,
    CRM,
    DIRECTORY,
    FEEDBACK,
    FIGURES,
    PARTY,
    REFERRALS,
    RESULTS,
    UPPER,
    VISIT,
    Wrong,
    of_data,
    with_bytes,
    with_data,
)
from tests.contract.examples import example, structured


def _visit(pointer: str, /, *, by_schema: bool = True, **data: Any) -> Wrong:
    return of_data(CRM, "CompanyVisitPlanned", "invalid", pointer, by_schema=by_schema, **data)


def _case(**data: Any) -> Wrong:
    return of_data(PARTY, "CaseOpened", "invalid", f"/data/{next(iter(data))}", **data)


def _count(value: bytes, name: str, valid_by_schema: bool = False) -> Wrong:
    event = orjson.dumps(with_data("TetAgreed", days=777))
    return Wrong(
        f"days {name}",
        PARTY,
        with_bytes(structured(example("TetAgreed")), event.replace(b"777", value)),
        "invalid",
        "/data/days",
        valid_by_schema,
    )


INVALID = [
    _visit("/data/visit_id", visit_id=UPPER),
    *(_visit(f"/data/{name}", **{name: ...}) for name in VISIT["data"] if name != "business_id"),
    *(_visit(f"/data/{name}", **{name: None}) for name in VISIT["data"] if name != "business_id"),
    *(
        _visit("/data/on", on=value)
        for value in (
            "2026-3-12",
            "12.3.2026",
            "2026-03-12T00:00:00Z",
            20260312,
            1773273600,
            "2026-00-10",
            "2026-03-32",
            "",
            "20260312",
            "2026-W11-4",
            "1899-12-31",
            "3000-01-01",
            "2026-03-12 ",
            "２０２６-03-12",
            True,
        )
    ),
    _visit("/data/on", on="2026-02-30"),
    *(
        _visit("/data/organisation", organisation=value)
        for value in ("Lempäälä", "LEMPAALA", "", "a" * 41, 3, "a b", "a_b", [])
    ),
    *(_visit("/data/organisations", organisations=value) for value in ([], "lempaala", {}, {"0": "lempaala"}, 1)),
    *(
        _visit("/data/organisations/1", organisations=["lempaala", value])
        for value in ("Vesilahti", None, 1, ["vesilahti"])
    ),
    *(_visit("/data/company_name", company_name=value) for value in ("", "x" * 201, 5, ["Esimerkki Oy"])),
    *(
        _visit("/data/company_name", by_schema=False, company_name=value)
        for value in (
            " ",
            "\u00a0",
            "Esimerkki\nOy",
            "Esimerkki\tOy",
            "Esimerkki\u0000Oy",
            "Esimerkki\u0085Oy",
            "Esimerkki\u200eOy",
            "Esimerkki\u202eOy",
            "Esimerkki\u2067Oy",
            "Esimerkki\u061cOy",
            "Esimerkki Oy\u007f",
            "Leha\u0308nen Oy",
            "\u212bngstro\u0308m",
            "Esimerkki\rOy",
        )
    ),
    Wrong(
        "a business id with a wrong check digit",
        CRM,
        structured(with_data("CompanyVisitPlanned", business_id="1234567-2") | {"subject": "1234567-2"}),
        "invalid",
        "/data/business_id",
        True,
    ),
    Wrong(
        "a business id whose check digit can't be",
        CRM,
        structured(with_data("CompanyVisitPlanned", business_id="1000006-0") | {"subject": "1000006-0"}),
        "invalid",
        "/data/business_id",
        True,
    ),
    Wrong(
        "a business id without hyphen",
        CRM,
        structured(with_data("CompanyVisitPlanned", business_id="12345671") | {"subject": "12345671"}),
        "invalid",
        "/data/business_id",
    ),
    Wrong(
        "a business id as a number",
        CRM,
        structured(with_data("CompanyVisitPlanned", business_id=1234567)),
        "wrong-key",
        "/data/business_id",
    ),
    Wrong(
        "a business id as a list",
        CRM,
        structured(with_data("CompanyVisitPlanned", business_id=["1234567-1"])),
        "invalid",
        "/data/business_id",
    ),
    Wrong(
        "no business id",
        CRM,
        structured(with_data("CompanyVisitPlanned", business_id=...)),
        "invalid",
        "/data/business_id",
    ),
    *(_case(origin=value) for value in ("street", "Referral", "", None, 1, ["referral"])),
    *(_case(referral_number=value) for value in ("2026-412", "2026-0412345", "26-0412", "2026/0412", 20260412)),
    *(
        _case(opened_at=value)
        for value in (
            "2026-03-03",
            "2026-03-03T08:00",
            "2026-03-03T08:00:00",
            1772517600,
            "2026-03-03T25:00:00Z",
            None,
            "0001-01-01T00:00:00Z",
        )
    ),
    *(_case(client=value) for value in (UPPER, "aino", "", None, 0)),
    *(_case(service=value) for value in ("Yksilövalmennus", "", None, True)),
    _count(b"777.0", "with a fraction of nought", True),
    _count(b"1e5", "with an exponent", True),
    _count(b"-1", "below nothing"),
    _count(b"2147483648", "too high"),
    _count(b"9" * 300, "of 300 digits"),
    _count(b'"3"', "as a text"),
    _count(b"true", "true"),
    _count(b"null", "null"),
    _count(b"[3]", "in a list"),
    _count(b"1e400", "beyond every number"),
    of_data(PARTY, "ContactAttempted", "invalid", "/data/reached", reached="true"),
    of_data(PARTY, "ContactAttempted", "invalid", "/data/reached", reached=1),
    of_data(PARTY, "ContactAttempted", "invalid", "/data/reached", reached=None),
    of_data(PARTY, "CaseClosed", "invalid", "/data", outcome=...),
    of_data(PARTY, "CaseClosed", "invalid", "/data", not_begun="declined"),
    of_data(PARTY, "CaseClosed", "invalid", "/data/outcome", outcome="happiness"),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/rating", rating=0),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/rating", rating=6),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/rating", rating=4.5),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/about", about="everything"),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/text", text="a" * 4001),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/text", by_schema=False, text="\n \n"),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/text", by_schema=False, text="Hei\u202eolleh"),
    of_data(FEEDBACK, "FeedbackSubmitted", "invalid", "/data/text", by_schema=False, text="rivi\r\nrivi"),
    *(
        of_data(RESULTS, "ResultsReported", "invalid", "/data/measures", measures=value)
        for value in (
            {},
            [],
            {"Työttömät": 1},
            {"unemployment-rate": "8.4"},
            {"unemployment-rate": None},
            {"unemployment-rate": True},
            {"unemployment-rate": 1e300},
            {"a" * 41: 1},
            {"": 1},
        )
    ),
    *(
        of_data(RESULTS, "CostsReported", "invalid", "/data/items", items=value)
        for value in ({}, {"staff": 1.5}, {"staff": "1"}, {"staff": 2**60}, {"Salaiset kulut": 1})
    ),
    Wrong(
        "a month that is none",
        RESULTS,
        structured(with_data("ResultsReported", month="2026-13") | {"subject": "lempaala:2026-13:results"}),
        "invalid",
        "/data/month",
    ),
    of_data(COACHING, "ReferralReturned", "invalid", "/data/reason", reason="not-started"),
    of_data(COACHING, "CoachingStarted", "invalid", "/data/service", service="outreach"),
    of_data(COACHING, "WorkTrialProposed", "invalid", "/data/young_person_agrees", young_person_agrees=False),
    of_data(COACHING, "ThreePartyMeetingRequested", "invalid", "/data/proposed", proposed=[]),
    of_data(COACHING, "ThreePartyMeetingRequested", "invalid", "/data/proposed/0", proposed=["tomorrow"]),
    of_data(
        COACHING,
        "ThreePartyMeetingRequested",
        "invalid",
        "/data/proposed/0/ends_at",
        proposed=[{"starts_at": "2026-03-24T07:00:00Z"}],
    ),
    of_data(
        COACHING,
        "ReceivingKeyOffered",
        "invalid",
        "/data/public_key/crv",
        public_key={"kty": "OKP", "crv": "P-256", "x": "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8"},
    ),
    of_data(COACHING, "ReceivingKeyOffered", "invalid", "/data/public_key", public_key="j0DFrbaPJWJK5bIU6nZ6bslNgp09"),
    of_data(COACHING, "ReceivingKeyOffered", "invalid", "/data/proof", proof="eyJhbGciOiJub25lIn0..."),
    of_data(
        COACHING,
        "ClientSituationReported",
        "invalid",
        "/data/residents/0/waiting",
        residents=[{"municipality": "lempaala", "clients": 9, "new_clients": 1, "ended": None}],
    ),
    of_data(REFERRALS, "ReferralConsented", "invalid", "/data/number", number="412"),
    Wrong(
        "a consent to more",
        REFERRALS,
        structured(
            with_data(
                "ReferralConsented",
                consent={**example("ReferralConsented")["data"]["consent"], "fields": ["name", "address"]},
            )
        ),
        "invalid",
        "/data/consent/fields/1",
    ),
    of_data(DIRECTORY, "SeatFilled", "invalid", "/data", group="working-group"),
    of_data(FIGURES, "FigurePublished", "invalid", "/data/value", suppressed=True),
    of_data(FIGURES, "FigurePublished", "invalid", "/data/value", value=None),
    of_data(FIGURES, "FigurePublished", "invalid", "/data/revision", revision=0),
    of_data(FIGURES, "FigurePublished", "invalid", "/data/value", unit="count"),
]
