"""What the operators' pages call things, in the reader's language."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chassis.dead_letter import FAULT
from chassis.letters import Letter
from chassis.security import Alarm
from chassis.watch import Queue
from chassis.web.texts import N_
from contracts.refusals import SENTENCES

if TYPE_CHECKING:
    from chassis.web.page import Page

UNREADY: Mapping[str, str] = {
    "starting": N_("It is starting: it waits for its database, its topics or its schema. Its log says for which."),
    "database": N_("Its database does not answer, or does not let it in. Look at the server, then at the log."),
    "relay": N_("It can't publish: Kafka takes nothing, though something waits in the outbox. Look at the queues."),
    "consumers": N_("A topic can't be read, or its records can't be handled. Look at the queues, then at the log."),
    "projection": N_("Its tables are not fed from the topics: the projection has stopped and tries again."),
    "keys": N_("A key of contact details can't be erased. Look at the key folder: its rights, its disk."),
}
ALARM: Mapping[str, str] = {
    "reveals-above-limit": N_("More contact details were looked at within an hour than the plan allows"),
    "unproven-key": N_("A proof was not signed with a key that is trusted"),
    "letters-burst": N_("Many events could not be handled within a short time"),
    "broker-denies": N_("Kafka no longer lets the service read what it must"),
    "key-lost": N_("A key is lost: its file is gone, and nobody erased it"),
    "key-came-back": N_("The file of an erased key had come back; it was erased again"),
    "audit-log-rewritten": N_("The other side's audit log was written anew"),
    "audit-log-shrunk": N_("The other side's audit log has lost its end"),
    "issuer-is-another": N_("The sign-in service names itself otherwise than the set-up"),
    "issuer-without-tls": N_("The sign-in service gives an address without TLS"),
}
OUTCOME: Mapping[str, tuple[str, str]] = {
    "": (N_("Not handled yet"), "warning"),
    "waits": (N_("Being handled again"), "info"),
    "handled": (N_("Handled again"), "success"),
    "refused": (N_("Refused again"), "danger"),
}


class Words:
    """Words of one page."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def unready(self, code: str) -> str:
        return self.page.gettext(UNREADY[code]) if code in UNREADY else code

    def alarm(self, alarm: Alarm) -> str:
        return self.page.gettext(ALARM[alarm.code]) if alarm.code in ALARM else alarm.code

    def why(self, letter: Letter) -> str:
        """Why a letter was not handled; the exact sentence is in English, as its sender got it."""
        if self.page.language == "en":
            return letter.sentence
        if letter.reason == FAULT:
            return self.page.gettext("The handler failed. Mend it, then handle the event again.")
        known = {reason: finnish for reason, (_, finnish) in SENTENCES.items()}
        return known.get(letter.reason, letter.sentence)  # type: ignore[call-overload,no-any-return] # of ours, or not

    def outcome(self, letter: Letter) -> tuple[str, str]:
        text, color = OUTCOME[letter.replay.outcome if letter.replay else ""]
        return self.page.gettext(text), color

    def queue(self, queue: Queue) -> tuple[str, str]:
        """What is with a queue, and its colour."""
        if queue.denied:
            return self.page.gettext("Kafka denies it: compare the access lists with yhdyspinta boundary"), "danger"
        if queue.still:
            return self.page.gettext("Stands still: look at the log of the service"), "danger"
        if queue.lag:
            return self.page.gettext("Being read"), "info"
        return self.page.gettext("All read"), "success"

    def seconds(self, seconds: float) -> str:
        """A length of time as people say it."""
        whole = round(seconds)
        if whole < 120:
            return self.page.gettext("%(number)s s", number=whole)
        if whole < 7200:
            return self.page.gettext("%(number)s min", number=whole // 60)
        return self.page.gettext("%(number)s h", number=whole // 3600)
