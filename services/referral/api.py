"""The API: the same acts as the pages, for programs of the employment area."""

from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request, Response

from chassis.contact import Contact
from chassis.decisions import Refused
from chassis.web import Db, Routes, Who, allow, problems
from contracts import plan
from contracts.fields import UUID
from services.referral import handlers, lists, places, schemas, shown
from services.referral.courses import Status
from services.referral.phone import to_e164
from services.referral.refusals import RightAddressKnown
from services.referral.schemas import (
    ContactShown,
    DetailsAgain,
    Made,
    ReceiptSigned,
    ReferralPage,
    ReferralShown,
    ReferralWanted,
    Reveal,
    ServicesShown,
    SituationsShown,
    Withdrawal,
)
from services.referral.suitability import Client, Suits, SuitsNot, every_service

routes = Routes("Referrals")
CASE_MANAGERS = allow("case-manager", own="organisation")
READERS = allow(
    "case-manager", "service-supervisor", "service-manager", "data-protection-officer", own="organisation"
)
PLACE_READERS = allow("service-supervisor", "service-manager", "case-manager", own="organisation")
"""Those to whom providers report [3.2], and those who refer."""
Id = Annotated[str, Path(pattern=UUID, description="`referral_id`", examples=[schemas.EXAMPLE_ID])]


@routes.api(
    "POST", "/api/referrals", policy=CASE_MANAGERS, scope="referrals", status=201, response_model=Made,
    summary="Refer a client to a municipal service",
)
async def refer(wanted: ReferralWanted, request: Request, response: Response, db: Db, who: Who) -> Any:
    """Checks the plan (age, residence, need, service agreement), keeps the consent, encrypts name and phone under a
    key of their own and tells the provider that a referral waits: its number, no name. The contact details follow,
    sealed for the provider alone, as soon as its system offers a key.

    What the plan does not allow is refused with 422: `code` says why (`age-outside`, `outside-agreements`,
    `agreement-not-yet-in-force`, `agreement-ended`, `residence-outside`, `need-not-served`,
    `of-working-age`, `wrong-provider`), `right_address` where to turn. `Location` is the new referral's address.
    """
    consent = wanted.consent
    wish = handlers.Wish(
        municipality=wanted.municipality, birth_year=wanted.birth_year, service=wanted.service, need=wanted.need,
        provider=wanted.provider, consented=consent.name_and_phone, given_at=consent.given_at,
        purpose=consent.purpose, contact_permitted=consent.contact_permitted,
        contact=Contact(wanted.name, to_e164(wanted.phone)), case_manager=wanted.case_manager,
    )
    try:
        made = await handlers.refer(db, wish, who)
    except Refused as fault:
        if isinstance(fault.refusal, RightAddressKnown):
            return _with_right_address(request, fault.refusal)
        raise
    response.headers["Location"] = f"{db.settings.prefix_path}/api/referrals/{made.id}"
    return Made(
        referral_id=made.id, number=made.number, provider=made.provider, respond_due_on=made.respond_due_on
    )


@routes.api(
    "GET", "/api/referrals", policy=READERS, scope="referrals:read", response_model=ReferralPage,
    summary="List referrals, newest first",
)
async def list_referrals(
    db: Db, who: Who,
    status: Annotated[list[Status] | None, Query(description="One or several.")] = None,
    service: Annotated[str | None, Query(max_length=40)] = None,
    case_manager: Annotated[str | None, Query(max_length=64)] = None,
    number: Annotated[str | None, Query(max_length=11, description="A referral's number: `2026-0412`.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}_[0-9a-f-]{36}$")] = None,
) -> Any:
    """Referrals of your own organisation."""
    before = None
    if after:
        day, _, last = after.partition("_")
        before = (date.fromisoformat(day), last)
    found = await lists.page(
        db, who.organisation or "", statuses=status or (), service=service, case_manager=case_manager, number=number,
        before=before, limit=limit + 1,
    )
    here, more = found[:limit], len(found) > limit
    return ReferralPage(
        referrals=[schemas.listed(each) for each in here],
        next=f"{here[-1].referred_on.isoformat()}_{here[-1].id}" if more else None,
    )


@routes.api(
    "GET", "/api/referrals/{referral_id}", policy=READERS, scope="referrals:read", response_model=ReferralShown,
    summary="One referral: status, consent, obligations, timeline",
)
async def show(referral_id: Id, db: Db, who: Who) -> Any:
    """All that the area may know of it. Name and phone are not in it: see `contact-details`."""
    return schemas.whole(await shown.read(db, referral_id, who))


@routes.api(
    "POST", "/api/referrals/{referral_id}/withdrawal", policy=CASE_MANAGERS, scope="referrals",
    response_model=ReferralShown, summary="The client withdraws the consent",
)
async def withdraw(referral_id: Id, withdrawal: Withdrawal, db: Db, who: Who) -> Any:
    """From here on nobody in the area can read the contact details. Both sides erase them; the receipt tells when."""
    await handlers.withdraw(db, referral_id, withdrawal.told_at, who)
    return schemas.whole(await shown.whole(db, referral_id, who))


@routes.api(
    "POST", "/api/referrals/{referral_id}/cancellation", policy=CASE_MANAGERS, scope="referrals",
    response_model=ReferralShown, summary="Take a referral back before coaching starts",
)
async def cancel(referral_id: Id, db: Db, who: Who) -> Any:
    """The provider is told no reason; the contact details are erased as at a withdrawal."""
    await handlers.cancel(db, referral_id, who)
    return schemas.whole(await shown.whole(db, referral_id, who))


@routes.api(
    "POST", "/api/referrals/{referral_id}/return/settlement", policy=CASE_MANAGERS, scope="referrals", status=204,
    summary="The client knows of the return, or is referred again",
)
async def settle_return(referral_id: Id, db: Db, who: Who) -> None:
    """Ends the case manager's obligation that a returned referral opened."""
    await handlers.settle_return(db, referral_id, who)


@routes.api(
    "POST", "/api/referrals/{referral_id}/contact-details", policy=CASE_MANAGERS, scope="contact-details",
    response_model=ContactShown, summary="Show name and phone, for a reason",
)
async def reveal(referral_id: Id, why: Reveal, db: Db, who: Who, response: Response) -> Any:
    """The area's own copy. Each look is in the audit log with its reason. 410 once they are erased, 409 where their
    key is lost: ask the client again."""
    contact = await handlers.reveal(db, referral_id, why.reason, who)
    response.headers["Cache-Control"] = "no-store"
    return ContactShown(name=contact.name.reveal(), phone=contact.phone.reveal())


@routes.api(
    "POST", "/api/referrals/{referral_id}/contact-details/renewal", policy=CASE_MANAGERS, scope="referrals",
    status=204, summary="Name and phone as the client tells them anew: they were wrong, or the own copy is lost",
)
async def renew_details(referral_id: Id, details: DetailsAgain, db: Db, who: Who) -> None:
    """Kept under a new key, and sealed again to the provider's key in use, if it has offered one."""
    contact = Contact(details.name, to_e164(details.phone))
    await handlers.renew_details(db, referral_id, contact, who)


@routes.api(
    "GET", "/api/referrals/{referral_id}/receipt", policy=READERS, scope="referrals:read",
    response_model=ReceiptSigned, summary="The receipt: who erased what and when, signed",
)
async def show_receipt(referral_id: Id, db: Db, who: Who, request: Request) -> Any:
    """Of an open referral it is the consent record. It holds no name: give it to the client.

    Anybody verifies it with both sides' public keys: `yhdyspinta receipt verify FILE`.
    """
    seen = await shown.read(db, referral_id, who, "receipt")
    return shown.signed_receipt(db, seen, request.app.state.signing_key)


@routes.api(
    "GET", "/api/services", policy=READERS, scope="referrals:read", response_model=ServicesShown,
    summary="Which services suit a client, and where to turn instead",
)
async def services(
    request: Request, db: Db,
    municipality: Annotated[str, Query(max_length=40, examples=["vesilahti"])],
    birth_year: Annotated[int, Query(ge=1000, le=9999, examples=[2001])],
    need: Annotated[str | None, Query(max_length=40, examples=["job-or-studies"])] = None,
) -> Any:
    """All services of the plan, judged as a referral would be; nothing of what you ask is kept."""
    today = db.today
    rules, language = plan.on(today), problems.reader_language(request)
    told = await places.newest(db)
    fit, unfit = every_service(Client(municipality, birth_year, need), rules, today)
    found: dict[str, Suits | SuitsNot] = {each.service: each for each in fit}
    found |= {each.service: each for each in unfit}
    return ServicesShown(services=[
        schemas.service(
            found[code], told.get((found[code].provider or "", code)), rules, municipality, language)
        for code in rules.services
    ])


@routes.api(
    "GET", "/api/client-situations", policy=PLACE_READERS, scope="referrals:read", response_model=SituationsShown,
    summary="What providers reported of their clients and free places, by month",
)
async def client_situations(db: Db) -> Any:
    """The last twelve months of each service, newest first. A count that is null was too small to be told."""
    told = await places.every(db)
    return SituationsShown(situations=[schemas.situation(each) for months in told.values() for each in months])


def _with_right_address(request: Request, why: RightAddressKnown) -> Response:
    """The problem, with the right address for programs beside the sentence."""
    answer = problems.say(request, problems.of_refusal(why, problems.reader_language(request)))
    right = schemas.right_address(why)
    content = orjson.loads(bytes(answer.body)) | {"right_address": right.model_dump() if right else None}
    headers = {"Content-Language": answer.headers["content-language"]}
    return Response(orjson.dumps(content), answer.status_code, headers, media_type=problems.MEDIA_TYPE)
