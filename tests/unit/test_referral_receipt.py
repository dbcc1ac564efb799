"""The receipt: who erased what and when, signed by both sides, verified by anybody [3.2, 7]."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from chassis import proofs
from contracts import plan
from contracts.envelope import Event, data_to_bytes, type_of
from contracts.events.coaching import ContactDetailsErased
from contracts.fields import new_id
from contracts.topics import source_of
from services.referral import receipt
from services.referral.courses import Status
from services.referral.domain import Referral
from services.referral.receipt import OwnCopyErased
from services.referral.store import Acknowledgement
from tests.unit.test_referral_domain import NOW, acknowledged, sent, with_sealed_key, withdrawn
from yhdyspinta.commands.receipt import receipt as command

RULES = plan.on(NOW.date())


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> tuple[proofs.SigningKey, proofs.SigningKey, Path]:
    """The area's signing key, the provider's, and the folder of both public keys."""
    place = tmp_path_factory.mktemp("keys")
    for side, organisation, system in (("area", "tampere-region", "referral"), ("coaching", "municipal", "coaching")):
        (place / side).mkdir(mode=0o700)
        proofs.make_signing_key(place / side, place / "trust", organisation, system)
    return (
        proofs.load_signing_key(place / "area"), proofs.load_signing_key(place / "coaching"), place / "trust"
    )


def word(referral: Referral, key_id: str | None, key: proofs.SigningKey, erased_at: datetime = NOW) -> Acknowledgement:
    more = {"key_id": key_id} if key_id else {}
    told = proofs.proved(
        ContactDetailsErased, source_of("coaching"), key, referral_id=referral.id,
        consent_id=referral.consent.consent_id, cause="withdrawal", erased_at=erased_at, **more,
    )
    event = Event(id=new_id(), source=source_of("coaching"), type=type_of(ContactDetailsErased),
                  subject=referral.id, time=erased_at, data=told)
    return Acknowledgement(event.id, event.source, event.time, told, data_to_bytes(event).decode())


def document(keys, **changed) -> tuple[Referral, bytes]:
    area, coaching, _ = keys
    closed = withdrawn(with_sealed_key(sent()))
    key_id = closed.keys[0].key_id
    heard = [word(closed, key_id, coaching)]
    whole = replace(acknowledged(closed, key_id), **changed)
    content = receipt.build(whole, heard, OwnCopyErased(NOW, 0), RULES, NOW)
    return whole, orjson.dumps(receipt.sign(content, area))


def test_a_receipt_says_who_erased_what_and_when(keys):
    referral, made = document(keys)

    verdict = receipt.verify(made, keys[2])

    assert verdict.genuine
    assert verdict.complete
    assert verdict.number == "2026-0412"
    assert any(referral.keys[0].key_id in line and "2026-11-12T12:31:00Z" in line for line in verdict.lines)
    assert any("PARty" in line for line in verdict.lines)
    assert any("paper" in line for line in verdict.lines)


def test_it_does_not_matter_how_a_moment_is_spelled(keys):
    area, coaching, trust = keys
    closed = withdrawn(with_sealed_key(sent()))
    odd = NOW.replace(microsecond=438_060)
    heard = [word(closed, closed.keys[0].key_id, coaching, odd)]
    content = receipt.build(acknowledged(closed, closed.keys[0].key_id), heard, OwnCopyErased(odd, 0), RULES, odd)

    assert receipt.verify(orjson.dumps(receipt.sign(content, area)), trust).genuine


def test_it_has_the_fields_of_the_consent_record_structure(keys):
    content = orjson.loads(document(keys)[1])["receipt"]

    assert {"schema_version", "record_id", "pii_principal_id"} <= content.keys()
    (purpose,) = content["pii_processing"]["purposes"]
    assert [each["pii_type"] for each in purpose["pii_information"]] == ["name", "phone"]
    assert purpose["recipient_third_parties"] == ["lempaala"]
    # what the specification has as mandatory, section by section: header, processing, parties, events
    assert {"receipt_id", "pii_processing", "party_identification", "events"} <= content.keys()
    assert {"privacy_notice", "language", "purposes"} <= content["pii_processing"].keys()
    assert {"purpose", "lawful_basis", "pii_information", "pii_controllers", "storage_locations", "retention_period",
            "jurisdiction", "recipient_third_parties", "withdrawal_method"} <= purpose.keys()
    for party in content["party_identification"]:
        assert {"party_id", "party_name", "party_address", "party_contact", "party_type", "party_role"} <= party.keys()
    named = {party["party_id"] for party in content["party_identification"]}
    assert {*purpose["pii_controllers"], purpose["authority_party"]} <= named
    for happened in content["events"]:
        assert {"event_time", "validity_duration", "entity_id", "event_type", "event_state"} <= happened.keys()
        assert happened["entity_id"] in named


def test_what_may_lawfully_remain_is_named_with_its_basis_and_its_end(keys):
    content = orjson.loads(document(keys)[1])["receipt"]

    remains = {each["what"]: each for each in content["erasure"]["remains"]}
    assert remains["referral"]["until"] == "2028-11-12"  # the plan's closed_referral, 24 months
    assert remains["audit-log"]["until"] == "2031-11-12"  # 5 years
    assert all(each["lawful_basis"] and each["parties"] for each in remains.values())
    party = next(each for each in content["erasure"]["outside"] if each["what"] == "PARty")
    assert "statutory task" in party["lawful_basis"]
    assert any("May remain until 2028-11-12" in line for line in receipt.verify(document(keys)[1], keys[2]).lines)


def test_a_silent_receiver_is_named_as_late(keys):
    closed = withdrawn(with_sealed_key(sent()))
    late = closed.erase_due_at + timedelta(seconds=1)

    content = receipt.build(closed, [], OwnCopyErased(NOW, 0), RULES, late)
    assert content["erasure"]["overdue"]
    assert not receipt.build(closed, [], OwnCopyErased(NOW, 0), RULES, closed.erase_due_at)["erasure"]["overdue"]
    verdict = receipt.verify(orjson.dumps(receipt.sign(content, keys[0])), keys[2])
    assert verdict.genuine
    assert any("It was due by" in line for line in verdict.lines)
    assert [event["event_state"] for event in content["events"]] == ["given", "withdrawn"]


@pytest.mark.parametrize("change", [
    lambda r: r["receipt"]["erasure"].update(complete=True, due_at="2027-01-01T00:00:00Z"),
    lambda r: r["receipt"]["erasure"]["receivers"][0].update(erased_at="2026-11-12T12:30:00Z"),
    lambda r: r["receipt"]["erasure"]["receivers"][0]["event"]["data"].update(erased_at="2026-11-12T12:30:00Z"),
    lambda r: r["receipt"].update(pii_principal_id="2026-0413"),
    lambda r: r.update(source="/municipal/coaching"),
])
def test_a_changed_receipt_is_not_genuine(keys, change):
    made = orjson.loads(document(keys)[1])
    changed = deepcopy(made)
    change(changed)

    assert receipt.verify(orjson.dumps(made), keys[2]).genuine
    assert not receipt.verify(orjson.dumps(changed), keys[2]).genuine


def test_an_acknowledgement_that_the_area_made_up_is_found(keys):
    area, _, trust = keys
    closed = withdrawn(with_sealed_key(sent()))
    heard = [word(closed, closed.keys[0].key_id, area)]
    content = receipt.build(acknowledged(closed, closed.keys[0].key_id), heard, OwnCopyErased(NOW, 0), RULES, NOW)

    verdict = receipt.verify(orjson.dumps(receipt.sign(content, area)), trust)

    assert not verdict.genuine
    assert "not signed by lempaala" in " ".join(verdict.faults)


def test_an_acknowledgement_of_another_referral_does_not_count(keys):
    area, coaching, trust = keys
    closed = withdrawn(with_sealed_key(sent()))
    heard = [word(withdrawn(sent()), closed.keys[0].key_id, coaching)]
    content = receipt.build(acknowledged(closed, closed.keys[0].key_id), heard, OwnCopyErased(NOW, 0), RULES, NOW)

    assert not receipt.verify(orjson.dumps(receipt.sign(content, area)), trust).genuine


def test_a_receipt_is_complete_when_both_sides_have_erased(keys):
    area, coaching, trust = keys
    closed = withdrawn(with_sealed_key(sent()))
    waiting = receipt.build(closed, [], OwnCopyErased(NOW, 0), RULES, NOW)
    heard = [word(closed, closed.keys[0].key_id, coaching)]
    done = acknowledged(closed, closed.keys[0].key_id)
    own_copy_there = receipt.build(done, heard, OwnCopyErased(None, 0), RULES, NOW)

    for content in (waiting, own_copy_there):
        verdict = receipt.verify(orjson.dumps(receipt.sign(content, area)), trust)
        assert verdict.genuine
        assert not verdict.complete


def test_backups_of_keys_are_named_with_their_last_day(keys):
    area, coaching, trust = keys
    closed = withdrawn(with_sealed_key(sent()))
    heard = [word(closed, closed.keys[0].key_id, coaching)]
    content = receipt.build(
        acknowledged(closed, closed.keys[0].key_id), heard, OwnCopyErased(NOW, 14), RULES, NOW + timedelta(hours=1))

    said = " ".join(receipt.verify(orjson.dumps(receipt.sign(content, area)), trust).lines)

    assert "Its last backup of the key ends on 2026-11-26." in said


def test_the_receipt_of_an_open_referral_is_the_consent_record(keys):
    content = receipt.build(sent(), [], OwnCopyErased(None, 0), RULES, NOW)
    verdict = receipt.verify(orjson.dumps(receipt.sign(content, keys[0])), keys[2])

    assert verdict.genuine
    assert content["erasure"] is None
    assert verdict.lines == ("The consent is in force: nothing is erased.",)


def test_cancelled_and_returned_referrals_have_a_receipt_too(keys):
    for status in (Status.CANCELLED, Status.RETURNED):
        closed = replace(withdrawn(sent()), status=status, withdrawn_at=None, told_to=None)
        content = receipt.build(closed, [], OwnCopyErased(NOW, 0), RULES, NOW)

        assert content["events"][-1]["event_state"] == status
        assert content["erasure"]["cause"] == {"cancelled": "cancellation", "returned": "return"}[status]


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"receipt": {}}', b"\xff", b'{"receipt": 1, "proof": "x"}'])
def test_what_is_no_receipt_is_said_to_be_none(keys, text):
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        receipt.verify(text, keys[2])


# --- the command


def test_the_command_says_it_in_sentences(keys, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_bytes(document(keys)[1])

    done = CliRunner().invoke(command, ["verify", str(file), "--trust", str(keys[2])])

    assert done.exit_code == 0, done.output
    assert "genuine" in done.output
    assert "tampere-region erased its own copy at 2026-11-12T12:31:00Z." in done.output
    assert "Every copy it speaks of is erased." in done.output


def test_the_command_fails_on_a_forged_one_and_on_what_is_none(keys, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_bytes(document(keys)[1].replace(b"2026-0412", b"2026-0413"))
    other = tmp_path / "other.json"
    other.write_text('{"receipt": {"erasure": {}}, "proof": "x", "source": "y"}')

    forged = CliRunner().invoke(command, ["verify", str(file), "--trust", str(keys[2])])
    none = CliRunner().invoke(command, ["verify", str(other), "--trust", str(keys[2])])
    missing = CliRunner().invoke(command, ["verify", str(tmp_path / "nothing"), "--trust", str(keys[2])])

    assert forged.exit_code == 1
    assert "NOT to be trusted" in forged.output
    assert none.exit_code == 2
    assert missing.exit_code == 2
