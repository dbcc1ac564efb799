"""Records that must be refused: each with its true reason and field.

`WRONG` has them all. A refusal may not repeat anything of a record.
"""

from contracts.topics import TOPICS
from tests.contract.attacks_on_data import INVALID
from tests.contract.attacks_on_envelopes import (
    COACHING,
    CRM,
    DIRECTORY,
    ENVELOPE,
    FEEDBACK,
    FIGURES,
    GOOD,
    OUTCOMES,
    PARTY,
    REFERRALS,
    RESULTS,
    VISIT,
    VISITS,
    Wrong,
    of_attribute,
    of_data,
    with_data,
)
from tests.contract.examples import binary, example, structured

RIGHTS = [
    *(
        of_attribute("source", value, "not-the-writer", "/source")
        for value in (
            "/business-tampere/crm",
            "/shared/leads",
            "/lempaalan-kehitys/CRM",
            "lempaalan-kehitys/crm",
            "/lempaalan-kehitys/crm/",
            "/lempaalan-kehitys",
            "https://lempaalan-kehitys.invalid/crm",
            " /lempaalan-kehitys/crm",
        )
    ),
    Wrong(
        "a CRM's event on the common topic from another side's system",
        VISITS,
        structured(VISIT | {"source": "/lempaala/party"}),
        "not-the-writer",
        "/source",
    ),
    *(
        of_attribute("type", value, "unknown-type", "/type")
        for value in (
            "fi.yhdyspinta.CompanyVisitPlanned.v2",
            "fi.yhdyspinta.CompanyVisitPlanned",
            "CompanyVisitPlanned",
            "fi.yhdyspinta.companyvisitplanned.v1",
            "fi.yhdyspinta.CompanyVisitDreamt.v1",
            "fi.yhdyspinta.CaseOpened.v1",
            "fi.yhdyspinta.CompanyVisitFlagged.v1",
            "fi.yhdyspinta.LeadRouted.v1",
            "fi.yhdyspinta.TargetSet.v1",
            "fi.yhdyspinta.CompanyVisitPlanned.v1 ",
        )
    ),
    Wrong("a null key", CRM, (None, *GOOD[1:]), "wrong-key", "/subject"),
    Wrong("an empty key", CRM, (b"", *GOOD[1:]), "wrong-key", "/subject"),
    Wrong("another key", CRM, (b"7654321-0", *GOOD[1:]), "wrong-key", "/subject"),
    Wrong("a key that is not UTF-8", CRM, (b"\xff\xfe", *GOOD[1:]), "wrong-key", "/subject"),
    Wrong("a key with a blank", CRM, (b"1234567-1 ", *GOOD[1:]), "wrong-key", "/subject"),
    Wrong("a key of a megabyte", CRM, (b"1" * 1_000_000, *GOOD[1:]), "wrong-key", "/subject"),
    of_attribute("subject", "7654321-0", "wrong-key", "/subject"),
    of_attribute("partitionkey", "7654321-0", "wrong-key", "/partitionkey"),
    Wrong(
        "key and subject of another company",
        CRM,
        structured(VISIT | {"subject": "0116300-4"}),
        "wrong-key",
        "/data/business_id",
    ),
    Wrong(
        "key and subject of another month",
        RESULTS,
        structured(example("ResultsReported") | {"subject": "lempaala:2026-02:results"}),
        "wrong-key",
        "/data",
    ),
    Wrong(
        "costs under the key of results",
        RESULTS,
        structured(example("CostsReported") | {"subject": "lempaala:2026-03:results"}),
        "wrong-key",
        "/data",
    ),
    Wrong(
        "a figure under the key of its total",
        FIGURES,
        structured(example("FigurePublished") | {"subject": "services:2026-Q1:outcome-share"}),
        "wrong-key",
        "/data",
    ),
    Wrong(
        "a figure's dimensions out of order",
        FIGURES,
        structured(
            example("FigurePublished")
            | {"subject": "services:2026-Q1:outcome-share:service=coaching,municipality=lempaala"}
        ),
        "wrong-key",
        "/data",
    ),
    Wrong(
        "a seat under the key of no service",
        DIRECTORY,
        structured(example("SeatFilled") | {"subject": "lempaala:coach:-"}),
        "wrong-key",
        "/data",
    ),
    *(
        of_attribute("time", value, "time-ahead", "/time")
        for value in (
            "2026-03-02T09:25:01.000001+02:00",
            "2026-03-02T07:26:00Z",
            "2027-01-01T00:00:00Z",
            "2999-12-31T23:59:59-23:59",
        )
    ),
]

NAMES = [
    of_attribute("color", "blue", "unknown-field", None, PARTY),
    of_attribute("Secret", "x", "unknown-field", None, PARTY),
    of_attribute("ce_id", "x", "unknown-field", None, PARTY),
    of_data(PARTY, "CaseOpened", "unknown-field", "/data", client_name="Aino Esimerkki"),
    of_data(PARTY, "CaseOpened", "unknown-field", "/data", **{"client name\n<b>": 1}),
    of_data(PARTY, "CaseOpened", "unknown-field", "/data", phone=None),
    of_data(FEEDBACK, "FeedbackSubmitted", "unknown-field", "/data", email="aino@esimerkki.invalid"),
    Wrong(
        "more in the consent",
        REFERRALS,
        structured(
            with_data(
                "ReferralConsented",
                consent={**example("ReferralConsented")["data"]["consent"], "diagnosis": "salainen"},
            )
        ),
        "unknown-field",
        "/data/consent",
    ),
    Wrong(
        "more in a key",
        COACHING,
        structured(
            with_data(
                "ReceivingKeyOffered",
                public_key={**example("ReceivingKeyOffered")["data"]["public_key"], "d": "salainen"},
            )
        ),
        "unknown-field",
        "/data/public_key",
    ),
    Wrong(
        "more in a list",
        COACHING,
        structured(
            with_data(
                "ThreePartyMeetingRequested",
                proposed=[
                    *example("ThreePartyMeetingRequested")["data"]["proposed"],
                    {"starts_at": "2026-03-24T07:00:00Z", "ends_at": "2026-03-24T08:00:00Z", "about": "salainen"},
                ],
            )
        ),
        "unknown-field",
        "/data/proposed/2",
    ),
    Wrong(
        "an unknown field goes before an invalid one",
        PARTY,
        structured(with_data("CaseOpened", origin="street", nickname="Aino")),
        "unknown-field",
        "/data",
    ),
    Wrong(
        "a header's attribute",
        PARTY,
        (lambda r: (r[0], r[1], [*r[2], ("ce_color", b"blue")]))(binary(example("CaseOpened"))),
        "unknown-field",
        None,
    ),
    *(
        Wrong(
            f"{name} where none may be",
            topic,
            structured(example(event) | {name: VISIT["id"]}),
            "unknown-field",
            f"/{name}",
        )
        for name in ("correlationid", "causationid")
        for topic, event in (
            (OUTCOMES, "ServiceBegan"),
            (FEEDBACK, "FeedbackSubmitted"),
            (FIGURES, "FigurePublished"),
            (TOPICS["shared.feedback.v1"], "FeedbackRouted"),
            (TOPICS["municipal.feedback.v1"], "FeedbackReceived"),
        )
    ),
]


PERSONAL = [
    of_data(CRM, "CompanyVisitPlanned", "personal-data", "/data/company_name", by_schema=False, company_name=value)
    for value in (
        "Tmi Aino Esimerkki 010190-123A",
        "010190A123X",
        "hetu 131052-308T",
        "Esimerkki 010101Y9999",
        "Tmi Esimerkki 131052\u2013308T",
        "Esimerkki \uff11\uff13\uff11\uff10\uff15\uff12\uff0d\uff13\uff10\uff18\uff34",
        "Esimerkki \uff10\uff14\uff11 \uff15\uff15\uff15 0123",
        "aino\uff20esimerkki.invalid",
        "010190+123a",
        "Esimerkki 041 555 0123",
        "041-5550123",
        "(041) 555 0123",
        "+358 41 555 0123",
        "+358415550123",
        "00358415550123",
        "puh. 0415550123",
        "puh0415550123",
        "358 41 5550 123",
        "Esimerkki 041\u00a0555\u00a00123",
        "041\u2011555\u20110123",
        "aino@esimerkki.invalid",
        "Esimerkki Oy, aino.esimerkki@esimerkki.fi",
        "Tmi <aino@esimerkki.co.uk>",
    )
]

WRONG: list[Wrong] = [*ENVELOPE, *RIGHTS, *NAMES, *INVALID, *PERSONAL]
