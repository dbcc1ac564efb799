"""The receipt (*todiste*): who erased what and when, for the client to keep and for anybody to verify.

Promise: one JSON document with the fields of ISO/IEC TS 27560 (consent record information structure), the
provider's signed acknowledgements in it as they were published, and a signature of ours over the whole. It holds
no name and no phone number: it is about a number. Whoever has the public keys of both sides verifies it without
us (`yhdyspinta receipt verify FILE`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from chassis import proofs
from chassis.contact import json_object
from chassis.decisions import Refused
from contracts.envelope import Data, type_of
from contracts.events.coaching import ContactDetailsErased
from contracts.fields import Jws, Sha256, spell
from contracts.plan.model import Plan
from contracts.topics import source_of
from services.referral.courses import ERASING, Status
from services.referral.domain import Referral
from services.referral.store import Acknowledgement

SCHEMA = "ISO/IEC TS 27560:2023; fi.yhdyspinta.receipt/1"
TYPE = "fi.yhdyspinta.Receipt.v1"
ACKNOWLEDGEMENT = type_of(ContactDetailsErased)
OUTSIDE = (
    {"what": "PARty", "fi": "Kunnan asiakastietojärjestelmä PARty: kunta vastaa siitä itse",
     "en": "The municipality's client information system PARty: the municipality answers for it itself"},
    {"what": "paper", "fi": "Mitä joku on kirjoittanut paperille tai omiin muistiinpanoihinsa",
     "en": "What somebody wrote on paper or in notes of their own"},
)
"""What no receipt of ours can speak of."""
MAX_BYTES = 1_048_576


@dataclass(frozen=True)
class OwnCopyErased:
    """When the area's own copy was erased; None while it is not."""

    at: datetime | None
    backup_days: int

    @property
    def copies_until(self) -> date | None:
        """The day on which the operator's last backup of the key ends; None where none is made."""
        return (self.at + timedelta(days=self.backup_days)).date() if self.at and self.backup_days else None


class ReceiptSigned(Data):
    """What our signature is over."""

    KEY = "sha256"

    sha256: Sha256
    proof: Jws


def build(referral: Referral, heard: Sequence[Acknowledgement], own_copy: OwnCopyErased, plan: Plan, now: datetime
          ) -> dict[str, Any]:
    """The receipt's content, unsigned; of an open referral it is the consent record alone."""
    area, provider = (plan.organisations[code] for code in (referral.organisation, referral.provider))
    purpose = plan.codes["consent-purpose"].get(referral.consent.purpose)
    content: dict[str, Any] = _spelled({
        "schema_version": SCHEMA,
        "receipt_id": f"{referral.id}:{spell(now)}",
        "record_id": referral.consent.consent_id,
        "pii_principal_id": referral.number,
        "referral_id": referral.id,
        "issued_at": now,
        "language": "fi",
        "pii_processing": {
            "privacy_notice": "docs/privacy.md",
            "purposes": [{
                "purpose": referral.consent.purpose,
                "purpose_text": {"fi": purpose.fi, "en": purpose.en} if purpose else None,
                "lawful_basis": "consent",
                "services": [referral.service],
                "pii_information": [
                    {"pii_type": field, "pii_optional": False, "sensitive_pii": False, "special_pii": False}
                    for field in referral.consent.fields
                ],
                "pii_controllers": [referral.organisation, referral.provider],
                "recipient_third_parties": [referral.provider],
                "collection_method": "told by the client to a case manager",
                "processing_method": "sealed by the area to a one-time key of the provider; erased by erasing the key",
                "storage_locations": ["FI"],
                "jurisdictions": ["FI", "EU"],
                "retention_period": f"until withdrawal, then erased within {plan.consent.erase_within}",
                "withdrawal_method": "told to either side, at any time, without a reason",
                "privacy_rights": ["access", "rectification", "erasure", "restriction", "complaint"],
            }],
        },
        "party_identification": [
            {"party_id": referral.organisation, "party_name": area.fi, "party_role": "pii-controller"},
            {"party_id": referral.provider, "party_name": provider.fi, "party_role": "pii-controller"},
        ],
        "events": _events(referral),
        "erasure": _erasure(referral, heard, own_copy) if referral.status in ERASING else None,
    })
    return content


def _events(referral: Referral) -> list[dict[str, Any]]:
    consent = referral.consent
    events: list[dict[str, Any]] = [{
        "event_type": "explicit", "event_state": "given", "event_time": consent.given_at,
        "entity_id": referral.organisation, "recorded_by": consent.recorded_by, "validity_duration": "until withdrawn",
        "contact_permitted": referral.contact_permitted,
    }]
    if referral.status is Status.WITHDRAWN:
        told = referral.organisation if referral.told_to == "area" else referral.provider
        events.append({
            "event_type": "explicit", "event_state": "withdrawn", "event_time": referral.withdrawn_at,
            "entity_id": told, "recorded_at": referral.closed_at,
        })
    elif referral.status in ERASING:
        ended_by = referral.organisation if referral.status is Status.CANCELLED else referral.provider
        events.append({
            "event_type": "implied", "event_state": referral.status.value, "event_time": referral.closed_at,
            "entity_id": ended_by,
        })
    return events


def _erasure(referral: Referral, heard: Sequence[Acknowledgement], own_copy: OwnCopyErased) -> dict[str, Any]:
    return {
        "cause": {"withdrawn": "withdrawal", "cancelled": "cancellation", "returned": "return"}[referral.status],
        "due_at": referral.erase_due_at,
        "complete": bool(referral.acknowledged_at and own_copy.at),
        "acknowledged_at": referral.acknowledged_at,
        "acknowledged_late": referral.acknowledged_late,
        "own_copy": {
            "party_id": referral.organisation, "what": "name and phone, encrypted, and their key",
            "erased_at": own_copy.at, "copies_until": own_copy.copies_until,
        },
        "receivers": [
            {
                "party_id": referral.provider, "what": "receiving key", "key_id": each.told.key_id,
                "erased_at": each.told.erased_at, "copies_until": each.told.copies_until, "acknowledged_at": each.at,
                "event": {"id": each.event_id, "source": each.source, "type": ACKNOWLEDGEMENT,
                          "data": orjson.loads(each.published)},
            }
            for each in heard
        ],
        "waiting_for": [key.key_id for key in referral.unacknowledged],
        "outside": [dict(each) for each in OUTSIDE],
    }


def sign(content: Mapping[str, Any], key: proofs.SigningKey) -> dict[str, Any]:
    """The document: the receipt, and our proof over the SHA-256 of its canonical JSON."""
    source = source_of("referral")
    proof = proofs.prove({"sha256": digest(content)}, TYPE, source, key)
    return {"receipt": dict(content), "source": source, "type": TYPE, "proof": proof}


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 over the receipt's JSON, names sorted and no space in it (as RFC 8785; it holds no fractions)."""
    return hashlib.sha256(orjson.dumps(dict(content), option=orjson.OPT_SORT_KEYS)).hexdigest()


# --- verifying


@dataclass(frozen=True)
class Verdict:
    """What a document proves: `lines` say who erased what and when; `faults` why it can't be trusted."""

    number: str
    lines: tuple[str, ...]
    faults: tuple[str, ...]
    complete: bool

    @property
    def genuine(self) -> bool:
        return not self.faults


def verify(document: bytes, trust: Path) -> Verdict:
    """Checks the signature over the receipt and each acknowledgement in it with the public keys in `trust`.

    Raises ValueError for what is no receipt at all.
    """
    if len(document) > MAX_BYTES:
        raise ValueError("larger than a receipt can be")
    read = json_object(document)
    content, proof, source = read.get("receipt"), read.get("proof"), read.get("source")
    if not isinstance(content, dict) or not isinstance(proof, str) or not isinstance(source, str):
        raise ValueError("not a receipt")
    faults = []
    if source != source_of("referral") or not _signed(proof, content, source, trust):
        faults.append("The receipt is not signed by the employment area, or was changed after it was signed.")
    erasure = content.get("erasure")
    if not isinstance(erasure, dict):
        return Verdict(str(content.get("pii_principal_id")), ("The consent is in force: nothing is erased.",),
                       tuple(faults), complete=False)
    lines, more = _read(content, erasure, trust)
    return Verdict(str(content.get("pii_principal_id")), lines, (*faults, *more), bool(erasure.get("complete")))


def _read(content: dict[str, Any], erasure: dict[str, Any], trust: Path) -> tuple[tuple[str, ...], list[str]]:
    lines, faults = [], []
    own = erasure["own_copy"]
    lines.append(
        f"{own['party_id']} erased its own copy at {own['erased_at']}.{_copies(own)}" if own["erased_at"]
        else f"{own['party_id']} has not yet erased its own copy."
    )
    for receiver in erasure["receivers"]:
        event = receiver["event"]
        if not _acknowledged(content, receiver, trust):
            faults.append(f"The acknowledgement {event.get('id')} is not signed by {receiver['party_id']}.")
        what = f"receiving key {receiver['key_id']}" if receiver.get("key_id") else "everything: it never had a key"
        lines.append(f"{receiver['party_id']} erased {what} at {receiver['erased_at']}.{_copies(receiver)}")
    lines += [f"Not yet acknowledged: receiving key {key}." for key in erasure["waiting_for"]]
    if erasure["acknowledged_late"]:
        lines.append(f"The last acknowledgement came after {erasure['due_at']}, so it was late.")
    lines += [f"Outside this receipt: {each['en']}." for each in erasure["outside"]]
    return tuple(lines), faults


def _copies(party: Mapping[str, Any]) -> str:
    return f" Its last backup of the key ends on {party['copies_until']}." if party.get("copies_until") else ""


def _acknowledged(content: dict[str, Any], receiver: dict[str, Any], trust: Path) -> bool:
    """Whether the provider signed what the receipt says of it, about this referral and consent."""
    event = receiver["event"]
    try:
        told = ContactDetailsErased.model_validate_json(orjson.dumps(event["data"]))
        proofs.verify(told.proof, told, ACKNOWLEDGEMENT, source_of("coaching"), trust)
        said = (told.referral_id, told.consent_id, told.key_id, told.erased_at, told.copies_until)
        return event["type"] == ACKNOWLEDGEMENT and event["source"] == source_of("coaching") and said == (
            content["referral_id"], content["record_id"], receiver.get("key_id"),
            datetime.fromisoformat(receiver["erased_at"]),
            date.fromisoformat(receiver["copies_until"]) if receiver.get("copies_until") else None,
        )
    except (Refused, ValueError):
        return False


def _signed(proof: str, content: Mapping[str, Any], source: str, trust: Path) -> bool:
    try:
        proofs.verify(proof, ReceiptSigned(sha256=digest(content), proof=proof), TYPE, source, trust)
    except (Refused, ValueError):
        return False
    return True


def _spelled(value: Any) -> Any:
    """Days and moments as text, as events spell them."""
    if isinstance(value, datetime):
        return spell(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _spelled(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(part) for part in value]
    return value
