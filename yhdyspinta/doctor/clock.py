"""Whether two clocks agree."""

from datetime import datetime, timedelta

from yhdyspinta.doctor.finding import Finding, attend, good, wrong

NOTICEABLE, TOO_FAR = timedelta(seconds=5), timedelta(minutes=1)


def compared(about: str, there: datetime, here: datetime) -> Finding:
    """The finding on another machine's clock, read at the instant `here` of ours."""
    apart = there - here
    seconds = round(abs(apart).total_seconds())
    if abs(apart) < NOTICEABLE:
        return good("clock", about, f"The clock of {about} agrees with this machine's.")
    says = f"The clock of {about} is {seconds} s {'ahead of' if apart > timedelta(0) else 'behind'} this machine's."
    do = "Set both by NTP (chrony, systemd-timesyncd): an event of 5 minutes ahead is refused, deadlines go wrong."
    return wrong("clock", about, says, do) if abs(apart) >= TOO_FAR else attend("clock", about, says, do)
