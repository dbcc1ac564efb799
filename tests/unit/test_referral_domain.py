"""What may happen to a referral, and what others are told of it [3.2, 7]."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.decisions import Decided, Ignored, Refuse
from contracts.events.coaching import (
    CoachingEnded,
    CoachingStarted,
    ContactDetailsErased,
    PublicKey,
    ReceivingKeyOffered,
    ReferralReturned,
    WithdrawalReported,
)
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.referrals import ConsentWithdrawn, ReferralCancelled, ReferralConsented
from contracts.fields import new_id
from services.referral import domain
from services.referral.courses import Status
from services.referral.domain import NewReferral, Referral, ToldTo

NOW = datetime(2026, 11, 12, 12, 31, tzinfo=UTC)
DUE = NOW + timedelta(hours=72)
JWE = ".".join(("a" * 20, "b" * 54, "c" * 16, "d" * 700, "e" * 22))
PROOF = f"{'a' * 20}.{'b' * 20}.{'c' * 86}"
FACTS = {"service": "coaching", "municipality": "lempaala", "provider": "lempaala", "case_manager": "mikko-maki"}


def command(**other: Any) -> NewReferral:
    return NewReferral(**{
        "id": new_id(), "consent_id": new_id(), "number": "2026-0412", "organisation": "tampere-region",
        "consented": True, "purpose": "coaching-referral", "given_at": NOW - timedelta(minutes=2),
        "recorded_by": "mikko-maki", **FACTS, **other,
    })


def sent(**other: Any) -> Referral:
    made = domain.refer(command(), date(2026, 11, 12), date(2026, 11, 19), NOW)
    assert isinstance(made, Decided)
    return replace(made.state, **other)


def offer(referral: Referral, after: int = 0, key_id: str | None = None) -> ReceivingKeyOffered:
    return ReceivingKeyOffered(
        referral_id=referral.id, key_id=key_id or new_id(), public_key=PublicKey(kty="OKP", crv="X25519", x="A" * 43),
        offered_at=NOW + timedelta(seconds=after), proof=PROOF,
    )


def taken(referral: Referral, told: ReceivingKeyOffered) -> Referral:
    decision = domain.take_offer(referral, told, 3)
    assert isinstance(decision, Decided)
    assert decision.events == ()
    return decision.state


def with_sealed_key(referral: Referral, after: int = 0) -> Referral:
    told = offer(referral, after)
    decision = domain.sealed(taken(referral, told), told.key_id, JWE, NOW)
    assert isinstance(decision, Decided)
    return decision.state


def withdrawn(referral: Referral) -> Referral:
    decision = domain.withdraw(referral, NOW, ToldTo.AREA, DUE, new_id(), NOW)
    assert isinstance(decision, Decided)
    return decision.state


def erased(referral: Referral, key_id: str | None, cause: str = "withdrawal") -> ContactDetailsErased:
    return ContactDetailsErased(
        referral_id=referral.id, consent_id=referral.consent.consent_id, key_id=key_id, cause=cause,
        erased_at=NOW, proof=PROOF,
    )


def acknowledged(referral: Referral, key_id: str | None, at: datetime = NOW) -> Referral:
    decision = domain.acknowledge(referral, erased(referral, key_id), at)
    assert isinstance(decision, Decided)
    assert decision.events == ()
    return decision.state


def started(referral: Referral, on: date = date(2026, 11, 20)) -> CoachingStarted:
    return CoachingStarted(referral_id=referral.id, referred_on=referral.referred_on, started_on=on, **FACTS)


def ended(referral: Referral) -> CoachingEnded:
    return CoachingEnded(
        referral_id=referral.id, started_on=date(2026, 11, 20), ended_on=date(2027, 2, 1), **FACTS
    )


def returned(referral: Referral, reason: str = "no-capacity") -> ReferralReturned:
    return ReferralReturned(referral_id=referral.id, reason=reason, **FACTS)


# --- consent and referral


def test_a_consented_referral_is_told_with_number_and_deadline_and_without_name():
    decision = domain.refer(command(), date(2026, 11, 12), date(2026, 11, 19), NOW)

    assert isinstance(decision, Decided)
    assert decision.state.status is Status.SENT
    (told,) = decision.events
    assert isinstance(told, ReferralConsented)
    assert told.number == "2026-0412"
    assert told.respond_due_on == date(2026, 11, 19)
    assert told.consent.fields == ("name", "phone")


def test_without_consent_no_referral_is_made():
    decision = domain.refer(command(consented=False), date(2026, 11, 12), date(2026, 11, 19), NOW)

    assert isinstance(decision, Refuse)
    assert decision.refusal.code == "consent-missing"


def test_a_consent_is_not_given_tomorrow():
    tomorrow = command(given_at=NOW + timedelta(days=1))

    decision = domain.refer(tomorrow, date(2026, 11, 12), date(2026, 11, 19), NOW)

    assert isinstance(decision, Refuse)
    assert decision.refusal.code == "consent-time-not-possible"


# --- receiving keys


def test_contact_details_are_sealed_to_the_key_that_the_provider_offered():
    referral = sent()
    told = offer(referral)

    decision = domain.sealed(taken(referral, told), told.key_id, JWE, NOW)

    assert isinstance(decision, Decided)
    (event,) = decision.events
    assert isinstance(event, ContactDetailsSealed)
    assert event.key_id == told.key_id
    assert domain.awaits_seal(decision.state) is None


def test_a_known_key_is_ignored():
    referral = sent()
    told = offer(referral)

    assert isinstance(domain.take_offer(taken(referral, told), told, 3), Ignored)


def test_an_older_offer_is_a_replay_and_ignored():
    referral = with_sealed_key(sent(), after=60)

    assert isinstance(domain.take_offer(referral, offer(referral, after=59), 3), Ignored)


def test_a_newer_key_is_sealed_to_again_while_the_consent_holds():
    referral = with_sealed_key(sent())
    told = offer(referral, after=60)

    decision = domain.sealed(taken(referral, told), told.key_id, JWE, NOW)

    assert isinstance(decision, Decided)
    assert isinstance(decision.events[0], ContactDetailsSealed)


def test_a_fourth_key_is_refused():
    referral = sent()
    for number in range(3):
        referral = with_sealed_key(referral, after=number)

    decision = domain.take_offer(referral, offer(referral, after=10), 3)

    assert isinstance(decision, Refuse)
    assert decision.refusal.reason == "too-many-keys"


@pytest.mark.parametrize("close", ["withdraw", "cancel"])
def test_an_offer_for_a_closed_referral_is_answered_with_the_event_that_closed_it(close: str):
    referral = with_sealed_key(sent())
    if close == "withdraw":
        decision = domain.withdraw(referral, NOW, ToldTo.AREA, DUE, new_id(), NOW)
    else:
        decision = domain.cancel(referral, DUE, new_id(), NOW)
    assert isinstance(decision, Decided)

    again = domain.take_offer(decision.state, offer(referral, after=60), 3)

    assert isinstance(again, Decided)
    assert again.events == decision.events
    assert again.state == decision.state


def test_an_offer_for_a_closed_referral_is_answered_even_when_too_many_keys_were_offered():
    referral = sent()
    for number in range(3):
        referral = with_sealed_key(referral, after=number)

    again = domain.take_offer(withdrawn(referral), offer(referral, after=60), 3)

    assert isinstance(again, Decided)
    assert isinstance(again.events[0], ConsentWithdrawn)


def test_an_offer_for_a_returned_or_ended_referral_seals_nothing():
    for status in (Status.RETURNED, Status.ENDED):
        closed = replace(taken(sent(), offer(sent())), status=status)

        assert isinstance(domain.take_offer(closed, offer(closed, after=60), 3), Ignored)
        assert domain.awaits_seal(closed) is None


def test_nothing_is_sealed_after_the_withdrawal_even_to_a_key_that_waited():
    referral = sent()
    told = offer(referral)
    waiting = taken(referral, told)

    assert isinstance(domain.sealed(withdrawn(waiting), told.key_id, JWE, NOW), Ignored)


def test_the_contact_details_are_received_once():
    referral = with_sealed_key(sent())
    key_id = referral.keys[0].key_id

    decision = domain.receive(referral, key_id, NOW)

    assert isinstance(decision, Decided)
    assert decision.state.status is Status.DELIVERED
    assert isinstance(domain.receive(decision.state, key_id, NOW), Ignored)
    assert isinstance(domain.receive(referral, new_id(), NOW), Refuse)


# --- start, end, return


def test_the_area_learns_start_and_end_as_days():
    referral = with_sealed_key(sent())

    begun = domain.start(referral, started(referral))
    assert isinstance(begun, Decided)
    over = domain.end(begun.state, ended(referral))

    assert isinstance(over, Decided)
    assert over.state.status is Status.ENDED
    assert (over.state.started_on, over.state.ended_on) == (date(2026, 11, 20), date(2027, 2, 1))


def test_a_start_replayed_after_the_end_does_not_open_it_again():
    over = domain.end(sent(), ended(sent()))
    assert isinstance(over, Decided)

    late = domain.start(over.state, started(over.state))

    assert isinstance(late, Decided)
    assert late.state.status is Status.ENDED


@pytest.mark.parametrize("told", [started, ended, returned])
def test_what_was_on_its_way_when_the_client_withdrew_opens_nothing(told: Any):
    referral = withdrawn(with_sealed_key(sent()))
    decide = {started: domain.start, ended: domain.end}.get(told)

    decision = decide(referral, told(referral)) if decide else domain.take_return(referral, told(referral), DUE, NOW)

    assert isinstance(decision, Ignored)


def test_a_return_closes_the_referral_and_waits_for_the_acknowledgement():
    referral = with_sealed_key(sent())

    decision = domain.take_return(referral, returned(referral), DUE, NOW)

    assert isinstance(decision, Decided)
    assert decision.events == ()
    assert decision.state.status is Status.RETURNED
    assert decision.state.erase_due_at == DUE
    assert decision.state.acknowledged_at is None


# --- withdrawal


def test_a_withdrawal_is_told_once_whoever_the_client_told_first():
    referral = with_sealed_key(sent())
    reported = WithdrawalReported(
        referral_id=referral.id, consent_id=referral.consent.consent_id, told_at=NOW - timedelta(seconds=1)
    )

    here = domain.withdraw(referral, NOW, ToldTo.AREA, DUE, new_id(), NOW)
    assert isinstance(here, Decided)
    assert len(here.events) == 1
    there = domain.report_withdrawal(here.state, reported, DUE, new_id(), NOW)

    assert isinstance(there, Ignored)


def test_a_withdrawal_told_to_the_provider_is_withdrawn_here():
    referral = sent()
    told_at = NOW - timedelta(seconds=30)
    reported = WithdrawalReported(
        referral_id=referral.id, consent_id=referral.consent.consent_id, told_at=told_at
    )

    decision = domain.report_withdrawal(referral, reported, DUE, new_id(), NOW)

    assert isinstance(decision, Decided)
    (event,) = decision.events
    assert isinstance(event, ConsentWithdrawn)
    assert event.withdrawn_at == told_at
    assert decision.state.told_to is ToldTo.PROVIDER


@pytest.mark.parametrize("wrong", [timedelta(minutes=4), timedelta(days=-900)])
def test_a_withdrawal_with_a_wrong_time_counts_all_the_same(wrong: timedelta):
    referral = sent()
    reported = WithdrawalReported(
        referral_id=referral.id, consent_id=referral.consent.consent_id, told_at=NOW + wrong
    )

    decision = domain.report_withdrawal(referral, reported, DUE, new_id(), NOW)

    assert isinstance(decision, Decided)
    assert decision.state.status is Status.WITHDRAWN


def test_a_withdrawal_of_another_consent_is_refused():
    referral = sent()
    reported = WithdrawalReported(referral_id=referral.id, consent_id=new_id(), told_at=NOW)

    assert isinstance(domain.report_withdrawal(referral, reported, DUE, new_id(), NOW), Refuse)


def test_the_client_may_withdraw_after_coaching_has_ended():
    over = domain.end(with_sealed_key(sent()), ended(sent()))
    assert isinstance(over, Decided)

    assert withdrawn(over.state).status is Status.WITHDRAWN


def test_a_second_withdrawal_says_that_it_is_withdrawn_already():
    decision = domain.withdraw(withdrawn(sent()), NOW, ToldTo.AREA, DUE, new_id(), NOW)

    assert isinstance(decision, Refuse)
    assert decision.refusal.code == "consent-already-withdrawn"
    assert "2026-0412" in decision.refusal.in_finnish()


def test_a_withdrawal_is_not_told_before_the_consent_nor_tomorrow():
    referral = sent()
    for told_at in (referral.consent.given_at - timedelta(minutes=1), NOW + timedelta(minutes=1)):
        decision = domain.withdraw(referral, told_at, ToldTo.AREA, DUE, new_id(), NOW)

        assert isinstance(decision, Refuse)
        assert decision.refusal.code == "withdrawal-time-not-possible"


def test_a_referral_is_cancelled_before_coaching_starts_and_not_after():
    referral = with_sealed_key(sent())

    decision = domain.cancel(referral, DUE, new_id(), NOW)
    assert isinstance(decision, Decided)
    assert isinstance(decision.events[0], ReferralCancelled)

    begun = domain.start(referral, started(referral))
    assert isinstance(begun, Decided)
    late = domain.cancel(begun.state, DUE, new_id(), NOW)
    assert isinstance(late, Refuse)
    assert late.refusal.code == "coaching-has-started"


def test_a_returned_referral_is_neither_cancelled_nor_withdrawn():
    back = domain.take_return(sent(), returned(sent()), DUE, NOW)
    assert isinstance(back, Decided)

    for decision in (
        domain.cancel(back.state, DUE, new_id(), NOW),
        domain.withdraw(back.state, NOW, ToldTo.AREA, DUE, new_id(), NOW),
    ):
        assert isinstance(decision, Refuse)
        assert decision.refusal.code == "referral-closed"


# --- acknowledgements


def test_the_matter_is_closed_when_every_sealed_key_is_acknowledged():
    referral = with_sealed_key(with_sealed_key(sent()), after=60)
    first, second = (key.key_id for key in referral.keys)

    half = acknowledged(withdrawn(referral), second)
    assert half.acknowledged_at is None
    whole = acknowledged(half, first)

    assert whole.acknowledged_at == NOW
    assert not whole.acknowledged_late


def test_without_a_sealed_key_the_providers_word_is_enough():
    assert acknowledged(withdrawn(sent()), None).acknowledged_at == NOW
    assert acknowledged(withdrawn(sent()), new_id()).acknowledged_at == NOW


def test_a_word_without_key_does_not_acknowledge_a_sealed_key():
    assert acknowledged(withdrawn(with_sealed_key(sent())), None).acknowledged_at is None


def test_an_acknowledgement_on_the_due_moment_is_in_time_and_after_it_late():
    referral = withdrawn(with_sealed_key(sent()))
    key_id = referral.keys[0].key_id

    assert not acknowledged(referral, key_id, DUE).acknowledged_late
    late = acknowledged(referral, key_id, DUE + timedelta(seconds=1))
    assert late.acknowledged_at is not None
    assert late.acknowledged_late


def test_an_acknowledgement_counts_when_it_comes_before_the_return():
    referral = with_sealed_key(sent())
    early = acknowledged(referral, referral.keys[0].key_id)
    assert early.acknowledged_at is None

    back = domain.take_return(early, returned(referral), DUE, NOW)

    assert isinstance(back, Decided)
    assert back.state.acknowledged_at == NOW


def test_an_acknowledgement_of_another_consent_is_refused():
    referral = withdrawn(sent())
    other = erased(referral, None).model_copy(update={"consent_id": new_id()})

    assert isinstance(domain.acknowledge(referral, other, NOW), Refuse)


# --- whatever the order

EVENTS = ("offer", "seal", "receive", "start", "end", "return", "report", "withdraw", "cancel", "erase")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 3)), max_size=14))
def test_nothing_is_sealed_and_no_status_opens_once_the_details_are_being_erased(acts: list[tuple[str, int]]):
    referral = sent()
    offers = [offer(referral, after) for after in range(4)]
    closings = 0
    for act, which in acts:
        was = referral
        told = offers[which]
        decision: Any = {
            "offer": lambda r=referral, t=told: domain.take_offer(r, t, 3),
            "seal": lambda r=referral, t=told: domain.sealed(r, t.key_id, JWE, NOW),
            "receive": lambda r=referral, t=told: domain.receive(r, t.key_id, NOW),
            "start": lambda r=referral: domain.start(r, started(r)),
            "end": lambda r=referral: domain.end(r, ended(r)),
            "return": lambda r=referral: domain.take_return(r, returned(r), DUE, NOW),
            "report": lambda r=referral: domain.report_withdrawal(
                r, WithdrawalReported(referral_id=r.id, consent_id=r.consent.consent_id, told_at=NOW),
                DUE, new_id(), NOW),
            "withdraw": lambda r=referral: domain.withdraw(r, NOW, ToldTo.AREA, DUE, new_id(), NOW),
            "cancel": lambda r=referral: domain.cancel(r, DUE, new_id(), NOW),
            "erase": lambda r=referral, t=told: domain.acknowledge(r, erased(r, t.key_id), NOW),
        }[act]()
        if not isinstance(decision, Decided):
            continue
        referral = decision.state
        if was.status in domain.ERASING:
            assert referral.status is was.status
            assert not any(isinstance(event, ContactDetailsSealed) for event in decision.events)
            assert [k.key_id for k in referral.keys] == [k.key_id for k in was.keys]
        elif any(isinstance(event, ConsentWithdrawn | ReferralCancelled) for event in decision.events):
            closings += 1
        assert len(referral.keys) <= 3
        assert (referral.acknowledged_at is not None) <= (not referral.unacknowledged)
    assert closings <= 1
