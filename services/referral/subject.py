"""What the employment area holds of a client: of one referral, for referrals of one person are linked by nothing here
[GDPR 15; SEC-10]."""

from collections.abc import Iterator, Mapping

from chassis import audit
from chassis.calendar import helsinki_day
from chassis.database import Session
from chassis.officer import subject
from chassis.officer.subject import ACCOUNTABILITY, CONSENT, RIGHTS, TASK, DataHeld, Kept, Part
from chassis.policy import Principal
from chassis.web import N_, Page
from chassis.web.formats import Formats
from contracts.topics import TOPICS
from services.referral import duties, lists, shown
from services.referral.courses import Status
from services.referral.meetings import store as meetings
from services.referral.shown import Details, Whole
from services.referral.wording import Words
from services.referral.work_trials import store as work_trials

TOPIC, SEALED = "area.referrals.v1", "area.contact-details.v1"
_DETAILS = {
    Details.KEPT: N_("kept, encrypted"), Details.LOST: N_("can't be read: the key is lost"),
    Details.ERASING: N_("being erased; nobody can read them"), Details.ERASED: N_("erased"),
}


async def data_held(db: Session, referral_id: str, page: Page, by: Principal) -> DataHeld:
    """All that is held of a referral's client here; that it was asked for is in the audit log. Raises `Refused` with
    `NotFound`."""
    seen = await shown.whole(db, referral_id, by)
    referral, words = seen.referral, Words(page)
    names = await lists.names(db, [*(entry.by for entry in seen.entries), referral.case_manager,
                                   referral.consent.recorded_by])
    looks, more = await subject.looks(db, page, [referral.id])
    await audit.read(db, "referral", referral.id, by, "data-held")
    return DataHeld(
        number=referral.number, controller=words.organisation(referral.organisation), as_of=page.now,
        recipients=[words.organisation(referral.provider)], parts=_parts(page, seen, words, names),
        held=[subject.held(page, each) for each in [*_kept(seen, words), *await _kept_beside(db, seen, words)]],
        looks=looks, more_looks=more,
        restrictions=await subject.restrictions(db, page, duties.ABOUT, [referral.id]),
        elsewhere=[page.gettext(N_("%(provider)s: what the service holds of the client, in PARty and on paper too. "
                                   "Ask there."), provider=words.organisation(referral.provider))],
        rights=[page.gettext(each) for each in RIGHTS],
    )


def _parts(page: Page, seen: Whole, words: Words, names: Mapping[str, str]) -> list[Part]:
    referral, gettext = seen.referral, page.gettext
    formats = Formats(page.language, page.texts)
    return [
        Part(title=gettext("Referral %(number)s", number=referral.number), facts=subject.facts(
            (gettext("Service"), words.service(referral.service)),
            (gettext("Where the client lives"), words.municipality(referral.municipality)),
            (gettext("Provider"), words.organisation(referral.provider)),
            (gettext("Case manager"), names.get(referral.case_manager, referral.case_manager)),
            (gettext("Referred"), formats.date_(referral.referred_on)),
            (gettext("Status"), words.status(referral.status)[0]),
            (gettext("Name and phone"), gettext(_DETAILS[seen.details])),
            (gettext("Began"), referral.started_on and formats.date_(referral.started_on)),
            (gettext("Ended"), referral.ended_on and formats.date_(referral.ended_on)),
        )),
        Part(title=gettext("Consent"), facts=subject.facts(
            (gettext("What was passed on"), gettext("name and phone number")),
            (gettext("For what"), words.code("consent-purpose", referral.consent.purpose)),
            (gettext("Given"), formats.moment(referral.consent.given_at)),
            (gettext("Recorded by"), names.get(referral.consent.recorded_by, referral.consent.recorded_by)),
            (gettext("Permission for the contact"),
             gettext("given") if referral.contact_permitted else None),
            (gettext("Withdrawn"), referral.withdrawn_at and formats.moment(referral.withdrawn_at)),
        )),
        Part(title=gettext("What happened"), facts=subject.facts(*(
            (formats.moment(entry.at), words.happened(entry, referral.consent.purpose)) for entry in seen.entries))),
    ]


def _kept(seen: Whole, words: Words) -> Iterator[Kept]:
    """Each kind of data, with the plan's own periods."""
    referral, rules, topic = seen.referral, words.rules, TOPICS[TOPIC]
    keep = rules.retention
    ended = referral.ended_on or (helsinki_day(referral.closed_at) if referral.closed_at else None)
    if seen.details is not Details.ERASED:
        yield Kept(N_("Name and phone number, encrypted under a key of their own"), "referrals, KEYS_DIR",
                   N_("to be passed on sealed, and to answer the client"), CONSENT, rules.sealing.keep_after_end,
                   ended if referral.status is Status.ENDED else None)
        yield Kept(N_("The same sealed for the provider, on its way"), SEALED, N_("to reach the provider"), CONSENT,
                   keep.personal.keep, referral.referred_on)
    closed = keep.closed_referral.keep
    yield Kept(N_("The referral: service, provider, days, status"), "referrals, receiving_keys, keys",
               N_("to refer the client and to follow what happens"), TASK, closed, ended)
    yield Kept(N_("The consent, and the receipt of erasure"), "referrals, acknowledgements",
               N_("to show what the client agreed to and who erased what"), ACCOUNTABILITY, closed, ended)
    yield Kept(N_("What happened, by whom"), "timeline", N_("to follow the referral"), TASK, closed, ended)
    yield Kept(N_("Deadlines, and who had to act"), "obligations", N_("so that no referral is forgotten"), TASK,
               keep.closed_case.keep, ended)
    yield Kept(N_("Messages about the referral, by its random id"), TOPIC,
               topic.keep.reason_en if words.language == "en" else topic.keep.reason_fi, TASK,
               keep.pseudonymous.keep, referral.referred_on)
    yield Kept(N_("Who saw or changed it"), "audit_log", N_("to show who looked at the client's data"), ACCOUNTABILITY,
               keep.audit.keep, referral.referred_on)


async def _kept_beside(db: Session, seen: Whole, words: Words) -> list[Kept]:
    """What is kept of this referral's meetings and work trials, if there were any."""
    referral, closed = seen.referral, words.rules.retention.closed_referral.keep
    ended = referral.ended_on or (helsinki_day(referral.closed_at) if referral.closed_at else None)
    found = []
    if await meetings.three_parties_of(db, referral.id):
        found.append(Kept(N_("Three-party meetings: times, place, whether held"), "three_party_meetings",
                          N_("to agree on the meetings"), TASK, closed, ended))
    if invited := await meetings.invitations_of(db, referral.id):
        found.append(Kept(N_("Invitations to meetings, and their answers"), "invitations",
                          N_("to agree on the meetings"), TASK, closed,
                          helsinki_day(max(each.ends_at for each in invited))))
    if await work_trials.of_referral(db, referral.id):
        found.append(Kept(N_("Work trials that were proposed, and their answers"), "work_trial_proposals",
                          N_("to decide on the work trial"), TASK, closed, ended))
    return found
