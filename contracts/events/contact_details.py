"""`area.contact-details.v1`: name and phone, sealed for one receiving key."""

from contracts.envelope import Data
from contracts.fields import ConsentId, Jwe, KeyId, ReferralId


class ContactDetailsSealed(Data):
    """The client's name and phone as a JWE that only the holder of `key_id` opens [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    consent_id: ConsentId
    key_id: KeyId
    jwe: Jwe
