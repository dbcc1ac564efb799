"""The types of events.md, "Types": ids, codes, days and moments, each with its exact pattern.

A field's annotation says all that the contract says of it: what its text looks like, which list of the plan
its code is from (`CodeList`), whose data it is where that differs from its topic (`DataClass`), and whether it
is free text (`FreeText`). The checks, the JSON Schemas and the list of codes are read from these.
"""

import re
import time as wall
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, NewType

from pydantic import AfterValidator, Field, GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema


class DataClass(StrEnum):
    """Whose data a field holds. Where a field has none of its own, its topic's counts."""

    PERSONAL = "personal"
    PSEUDONYMOUS = "pseudonymous"
    COMPANY = "company"
    STAFF = "staff"
    OPEN = "open"


@dataclass(frozen=True)
class CodeList:
    """The field's value is a code of this list of the plan. The list is open: it grows with the plan."""

    name: str


@dataclass(frozen=True)
class Meaning:
    """What a patterned text is, as a refusal says it: "must be a UUID in lower case"."""

    english: str
    finnish: str


class FreeText:
    """The field may hold what a person wrote. A contract test knows all of them."""


FREE_TEXT = FreeText()

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_CODE = r"^[a-z0-9-]{1,40}$"
_DATE = r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
MOMENT_PATTERN = (
    r"^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""Years from 2000 to 2999, so that no arithmetic with days and zones leaves the calendar."""
_UUID_MEANING = Meaning("must be a UUID in lower case", "on oltava UUID pienin kirjaimin")
_CODE_MEANING = Meaning(
    "must be a code: at most 40 lower-case letters a to z, digits and hyphens",
    "on oltava koodi: enintään 40 pientä kirjainta a–z, numeroa ja yhdysmerkkiä",
)


# --- ids: texts of their own kind, never mixed up

_Uuid = Annotated[str, Field(pattern=UUID), _UUID_MEANING]

EventId = NewType("EventId", _Uuid)
ReferralId = NewType("ReferralId", Annotated[_Uuid, DataClass.PSEUDONYMOUS])
ConsentId = NewType("ConsentId", Annotated[_Uuid, DataClass.PSEUDONYMOUS])
KeyId = NewType("KeyId", _Uuid)
CaseId = NewType("CaseId", Annotated[_Uuid, DataClass.PSEUDONYMOUS])
ClientId = NewType("ClientId", Annotated[_Uuid, DataClass.PSEUDONYMOUS])
SpellId = NewType("SpellId", Annotated[_Uuid, DataClass.PSEUDONYMOUS])
MeetingId = NewType("MeetingId", _Uuid)
ProposalId = NewType("ProposalId", _Uuid)
RequestId = NewType("RequestId", _Uuid)
TriageId = NewType("TriageId", _Uuid)
PeriodId = NewType("PeriodId", _Uuid)
TetId = NewType("TetId", _Uuid)
FeedbackId = NewType("FeedbackId", _Uuid)
VisitId = NewType("VisitId", _Uuid)
LeadId = NewType("LeadId", _Uuid)
CompanyEventId = NewType("CompanyEventId", _Uuid)
"""A company or recruiting event's (`event_id` of EventPlanned), not a message's."""
SituationId = NewType("SituationId", _Uuid)
ObligationId = NewType("ObligationId", _Uuid)
NoticeId = NewType("NoticeId", _Uuid)
PackId = NewType("PackId", _Uuid)
BatchId = NewType("BatchId", _Uuid)

StaffId = NewType(
    "StaffId",
    Annotated[
        str,
        Field(pattern=r"^[a-z0-9-]{1,64}$"),
        DataClass.STAFF,
        Meaning(
            "must be a staff id: at most 64 lower-case letters a to z, digits and hyphens",
            "on oltava henkilöstötunnus: enintään 64 pientä kirjainta a–z, numeroa ja yhdysmerkkiä",
        ),
    ],
)
ReferralNumber = NewType(
    "ReferralNumber",
    Annotated[
        str,
        Field(pattern=r"^[0-9]{4}-[0-9]{4,6}$"),
        DataClass.PSEUDONYMOUS,
        Meaning("must be a referral's number like 2026-0412", "on oltava ohjauksen numero, esimerkiksi 2026-0412"),
    ],
)

_ZERO = ord("0")


def _right_business_id(value: str) -> str:
    a, b, c, d, e, f, g, _, check = value.encode()
    rest = (7 * a + 9 * b + 10 * c + 5 * d + 8 * e + 4 * f + 2 * g - 45 * _ZERO) % 11
    if rest == 1 or (11 - rest) % 11 != check - _ZERO:
        raise PydanticCustomError("business_id", "must be a business id with a right check digit")
    return value


BusinessId = NewType(
    "BusinessId",
    Annotated[
        str,
        Field(pattern=r"^[0-9]{7}-[0-9]$"),
        AfterValidator(_right_business_id),
        DataClass.COMPANY,
        Meaning(
            "must be a business id like 1234567-1 with a right check digit",
            "on oltava Y-tunnus kuten 1234567-1, ja sen tarkistusnumeron on oltava oikea",
        ),
    ],
)


def new_id(now: datetime | None = None) -> str:
    """A new UUID version 7, in lower case; of two made one after the other the later sorts after."""
    global _last_stamp
    nanoseconds = wall.time_ns() if now is None else int(now.timestamp() * 1_000_000) * 1_000
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    stamp = milliseconds << 12 | rest * 4096 // 1_000_000
    if now is None:
        stamp = _last_stamp = max(stamp, _last_stamp + 1)
    random = uuid.uuid4().int & ((1 << 62) - 1)
    return str(uuid.UUID(int=(stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | random))


_last_stamp = 0


def new_pseudonym() -> str:
    """A new random UUID (version 4): it tells nothing, not even when it was made [events.md, Pseudonyms]."""
    return str(uuid.uuid4())


# --- codes

Code = Annotated[str, Field(pattern=_CODE), _CODE_MEANING]
MunicipalityCode = Annotated[Code, CodeList("municipality")]
ServiceCode = Annotated[Code, CodeList("service")]
OrganisationCode = Annotated[Code, CodeList("organisation")]
RoleCode = Annotated[Code, CodeList("role")]
GroupCode = Annotated[Code, CodeList("group")]
PlaceCode = Annotated[Code, CodeList("place")]
"""Where people meet: a place of the plan, or `remote`."""
UnitCode = Annotated[Code, CodeList("unit")]
"""A municipal unit that takes young people to work."""
AboutType = Annotated[Code, CodeList("about-type")]
AboutId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9:=,/_.-]{1,200}$"),
    Meaning("must be the subject of an event", "on oltava sanoman subject"),
]
"""The `subject` of what an obligation or a notice is about."""

Source = Annotated[
    str,
    Field(pattern=r"^/[a-z0-9-]{1,40}/[a-z0-9-]{1,40}$"),
    Meaning("must be a source like /organisation/system", "on oltava lähettäjä muodossa /organisaatio/järjestelmä"),
]
TopicName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9.-]{1,120}$"),
    Meaning("must be a topic's name", "on oltava aiheen nimi"),
]


# --- days and moments


@dataclass(frozen=True)
class Spelled:
    """In JSON a day or moment is a text of exactly this pattern; in Python a `date` or aware `datetime`."""

    pattern: str
    format: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        if source is date:
            parse: core_schema.CoreSchema = core_schema.date_schema(strict=False)
            exact: core_schema.CoreSchema = core_schema.date_schema(strict=True)
        else:
            parse = core_schema.datetime_schema(strict=False, tz_constraint="aware", microseconds_precision="truncate")
            exact = core_schema.datetime_schema(strict=True, tz_constraint="aware")
        spelled = core_schema.str_schema(strict=True, pattern=self.pattern)
        return core_schema.json_or_python_schema(core_schema.chain_schema([spelled, parse]), exact)


Day = Annotated[
    date,
    Spelled(_DATE, "date"),
    Meaning("must be a date like 2026-03-12", "on oltava päivä muodossa 2026-03-12"),
]
Moment = Annotated[
    datetime,
    Spelled(MOMENT_PATTERN, "date-time"),
    Meaning(
        "must be a date-time like 2026-03-02T09:15:00+02:00, with at most 9 digits after the second",
        "on oltava ajankohta muodossa 2026-03-02T09:15:00+02:00, sekunnin jälkeen enintään 9 numeroa",
    ),
]
Month = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"),
    Meaning("must be a month like 2026-03", "on oltava kuukausi muodossa 2026-03"),
]
Period = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$"),
    Meaning(
        "must be a year, quarter or month like 2026, 2026-Q1 or 2026-03",
        "on oltava vuosi, neljännes tai kuukausi muodossa 2026, 2026-Q1 tai 2026-03",
    ),
]
Year = Annotated[int, Field(ge=2000, le=9999)]


def spell(moment: datetime) -> str:
    """A moment as we write it: UTC, `Z`, and no more digits of a second than it has."""
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


# --- numbers

Count = Annotated[int, Field(ge=0, le=2_147_483_647)]
Sequence = Count
Revision = Annotated[int, Field(ge=1, le=2_147_483_647)]
Offset = Annotated[int, Field(ge=0, le=9_223_372_036_854_775_807)]
Cents = Annotated[int, Field(ge=-9_007_199_254_740_991, le=9_007_199_254_740_991)]
"""Euro cents, VAT excluded, negative for a credit; within what every JSON reader holds exactly."""
Rating = Annotated[int, Field(ge=1, le=5)]
Number = (
    Annotated[int, Field(ge=-9_007_199_254_740_991, le=9_007_199_254_740_991)]
    | Annotated[float, Field(ge=-9_007_199_254_740_991, le=9_007_199_254_740_991, allow_inf_nan=False)]
)


# --- hashes, keys, proofs

Sha256 = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$"),
    Meaning(
        "must be a SHA-256: 64 hex digits in lower case",
        "on oltava SHA-256: 64 heksanumeroa pienin kirjaimin",
    ),
]
Jws = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{1,2048}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{86}$"),
    Meaning("must be a compact JWS", "on oltava tiivis JWS"),
]
Jwe = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,2048}\.[A-Za-z0-9_-]{54}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{22}$"
    ),
    DataClass.PERSONAL,
    Meaning("must be a compact JWE", "on oltava tiivis JWE"),
]
X25519Key = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{43}$"),
    Meaning("must be a public key: 43 characters of base64url", "on oltava julkinen avain: 43 merkkiä base64urlia"),
]
Link = Annotated[
    str,
    Field(pattern=r"^https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/[A-Za-z0-9/_.~-]{0,500}$"),
    Meaning("must be an https address without a query", "on oltava https-osoite ilman kyselyosaa"),
]
Pointer = Annotated[
    str,
    Field(pattern=r"^(/[A-Za-z0-9_-]{1,64}){1,32}$"),
    Meaning("must be a JSON pointer", "on oltava JSON-osoitin"),
]


# --- text

_FORBIDDEN = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORBIDDEN_IN_LINES = re.compile(_FORBIDDEN.pattern.replace("\u001f", "\u0009\u000b-\u001f"))


def _plain(value: str, forbidden: re.Pattern[str]) -> str:
    if not value.isascii() and not unicodedata.is_normalized("NFC", value):
        raise PydanticCustomError("not_nfc", "must be in Unicode normalization form C")
    if forbidden.search(value):
        raise PydanticCustomError("control", "must have no control or direction characters")
    if not value.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return value


def _one_line(value: str) -> str:
    return _plain(value, _FORBIDDEN)


def _lines(value: str) -> str:
    return _plain(value, _FORBIDDEN_IN_LINES)


# A personal identity code (with every sign of the century), an e-mail address, and a phone number: 7 to 15 digits
# that begin with +, 0 or 358, however they are parted; a business id is none. They are looked for in compatibility
# form, in which a full-width digit is a digit.
_IDENTITY_CODE = re.compile(r"(?<!\d)[0-3]\d[01]\d{3}[-\u2010-\u2015\u2212+A-FU-Ya-fu-y]\d{3}[0-9A-Ya-y]")
_E_MAIL = re.compile(r"[^\s@]@[^\s@]+\.[^\W\d]{2,}")
_PHONE = re.compile(r"(?<!\d)(?!\d{7}-\d(?!\d))(?:\+|0|358)(?:[ ()./\u00a0\u2010-\u2013-]{0,3}\d){6,14}(?!\d)")
_DIGIT_OR_AT = re.compile(r"[\d@]")


def _company_name(value: str) -> str:
    name = _plain(value, _FORBIDDEN)
    seen = name if name.isascii() else unicodedata.normalize("NFKC", name)
    if _DIGIT_OR_AT.search(seen) and (_IDENTITY_CODE.search(seen) or _E_MAIL.search(seen) or _PHONE.search(seen)):
        raise PydanticCustomError(
            "personal_data", "must have no personal identity code, phone number or e-mail address"
        )
    return name


_ONE_LINE = Meaning(
    "must be a line of text: 1 to 200 characters, not blank", "on oltava rivi tekstiä: 1–200 merkkiä, ei tyhjä"
)

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line), FREE_TEXT, _ONE_LINE]
CompanyName = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(_company_name), FREE_TEXT, _ONE_LINE, DataClass.COMPANY
]
Text = Annotated[
    str,
    Field(min_length=1, max_length=4000),
    AfterValidator(_lines),
    FREE_TEXT,
    Meaning("must be a text: 1 to 4,000 characters, not blank", "on oltava tekstiä: 1–4 000 merkkiä, ei tyhjä"),
]
Sentence = Annotated[
    str,
    Field(min_length=1, max_length=1000),
    AfterValidator(_one_line),
    FREE_TEXT,
    Meaning("must be a sentence: 1 to 1,000 characters", "on oltava virke: 1–1 000 merkkiä"),
]
