"""The inventory of keys [SEC-3], from the constants of the modules that use them."""

from dataclasses import dataclass

from chassis import idempotency, proofs, sealing, sessions
from chassis.key_files import KEY_ENCRYPTION_KEY
from contracts import plan
from services.reporting.app import PSEUDONYM_SECRET
from yhdyspinta.provision.broker import ITERATIONS


@dataclass(frozen=True)
class Key:
    """One kind of key: its name, and the columns of `docs/keys.md`."""

    name: str
    purpose: str
    algorithm: str
    where: str
    life: str
    changed: str
    destroyed: str


_PLAN = plan.ALL[-1]
_SECRET = "secret file, 0600 in 0700"  # noqa: S105 - where they are
KEYS = (
    Key("receiving key (`receive`)", "coaching opens the contact details of one referral",
        f"X25519, {sealing.ALGORITHM}, {sealing.ENCRYPTION}", "coaching's `KEYS_DIR`, encrypted",
        f"one referral; after its end {_PLAN.sealing.keep_after_end}", "a new one for each referral",
        "overwritten, unlinked, the folder synced; never in a backup"),
    Key("own-copy key (`own-copy`)", "referral reads the name and phone that it sent", "AES-256-GCM, 32 random bytes",
        "referral's `KEYS_DIR`, encrypted", "one referral, until it is delivered and not needed",
        "a new one for each referral, and when name or phone are corrected", "as a receiving key"),
    Key(f"`{KEY_ENCRYPTION_KEY}`", "encrypts the key files of one service", "AES-256-GCM, 32 random bytes",
        _SECRET + ", not on the keys' volume", "a year, and until a volume is copied",
        "`yhdyspinta keys rotate SERVICE`", "overwritten and unlinked when every key is under the new one"),
    Key(f"`{proofs.SIGNING_KEY}` of coaching", "signs receiving keys and acknowledgements of erasure",
        proofs.ALGORITHM, _SECRET, "until it is changed", "delete the file, `yhdyspinta provision`, give the new "
        "public key to the other side's `TRUST_DIR` before the service starts", "the file; the public key stays, for "
        "receipts that it signed"),
    Key(f"`{proofs.SIGNING_KEY}` of referral", "signs receipts", proofs.ALGORITHM, _SECRET, "until it is changed",
        "as coaching's", "the file; the public key stays"),
    Key(f"`{PSEUDONYM_SECRET}`", "reporting's pseudonyms of referrals", "HMAC-SHA-256, 32 random bytes", _SECRET,
        "as long as the facts", "never in a running year: facts would count twice", "with reporting's database"),
    Key("accounts of Kafka", "each principal's sign-in on the broker", f"SCRAM-SHA-512, {ITERATIONS} iterations, "
        "32 random bytes", _SECRET + " (`kafka-password`, the controller's `controller-password`); of other systems "
        "their client file", "until it is changed",
        "delete the file, `yhdyspinta provision`, start the service anew", "the broker forgets the old at once; an "
        "open connection lasts until it ends"),
    Key("roles of Postgres", "each service's two roles", "SCRAM-SHA-256, 32 random bytes", _SECRET
        + " (`database-password`, `database-owner-password`)", "until it is changed",
        "delete the file, `yhdyspinta provision`, start the service anew", "at the next connection"),
    Key("sessions", "a person's sign-in", "32 random bytes, SHA-256 stored", "cookie; its hash in the service's "
        "database", f"{sessions.LONGEST.seconds // 3600} hours, {sessions.IDLE.seconds // 60} minutes idle",
        "at each sign-in", "deleted at sign-out, at the end, and when the directory drops the person"),
    Key("API tokens", "another system's HTTP calls", "32 random bytes, SHA-256 stored", "the other system's; its hash "
        "in the service's database", "a year at most", "`yhdyspinta tokens make`", "`yhdyspinta tokens revoke`"),
    Key("`oidc-client-secret`", "a service signs people in at the issuer, where the issuer wants a secret", "as the "
        "issuer makes it", _SECRET, "as the issuer says", "at the issuer, then the file; start the service anew",
        "by the issuer"),
    Key("idempotency keys", "a repeated command has no effect", "HMAC-SHA-256 of the body", "the service's database",
        f"{idempotency.KEPT.days * 24} hours", "–", "deleted by a timer"),
    Key("TLS certificates", "who is at the other end, off this machine", "as their authority makes them",
        "files; of the compose file's own authority `ca.key`, in a volume of its own",
        "as long as they are valid", "replace the files, start the service anew", "by their authority"),
)
