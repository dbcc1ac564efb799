"""A phone number as people write it, brought to E.164; what can't be one is left as it is and refused later."""

import re

from chassis.contact import Secret

_BETWEEN = re.compile(r"[\s()./\u00a0\u2010-\u2013-]+")


def to_e164(typed: Secret[str]) -> Secret[str]:
    """`041 5550 123` → `+358415550123`, `00358 41 …` → `+35841…`, `+46 70 …` → `+4670…`."""
    number = _BETWEEN.sub("", typed.reveal())
    if number.startswith("00"):
        return Secret("+" + number[2:])
    if number.startswith("+3580"):
        return Secret("+358" + number[5:])
    if number.startswith("0"):
        return Secret("+358" + number[1:])
    return Secret(number)
