"""What a command says of a fault that its user can mend: one sentence and an exit code."""

import asyncio
import ssl
from typing import NamedTuple

NOT_DONE, NOT_ASKED, BROKEN_OFF = 1, 2, 3


class Said(NamedTuple):
    """A sentence for standard error, and the code to end with."""

    sentence: str
    code: int


def said(fault: BaseException) -> Said | None:
    """What to say of a fault; None of one that is ours."""
    import asyncpg
    from aiokafka.errors import KafkaConnectionError
    from confluent_kafka import KafkaException

    from chassis.settings import SettingsError
    from yhdyspinta.embedded.errors import EmbeddedError

    if isinstance(fault, EmbeddedError | SettingsError):
        return Said(str(fault), NOT_DONE)
    if isinstance(fault, KafkaException):
        return Said(f"Kafka did not do it ({fault.args[0].name()}). "  # type: ignore[union-attr]
                    "`yhdyspinta doctor` says what is wrong.",
                    NOT_ASKED)
    if isinstance(fault, KafkaConnectionError):
        return Said("Kafka does not answer, or refuses the password. `yhdyspinta doctor` says which.", NOT_ASKED)
    cause = getattr(getattr(fault, "orig", None), "__cause__", None) or fault
    if isinstance(cause, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return Said("The database refuses the password in the secret file. `yhdyspinta doctor` says which.", NOT_ASKED)
    if isinstance(cause, asyncpg.UndefinedTableError):
        return Said("The database has not the tables that this needs. Run `yhdyspinta migrate`.", NOT_ASKED)
    if isinstance(cause, asyncpg.PostgresError):
        return Said(f"The database did not do it ({type(cause).__name__}). `yhdyspinta doctor` says what is wrong.",
                    NOT_ASKED)
    if isinstance(cause, ConnectionError | asyncio.TimeoutError | ssl.SSLError):
        return Said(f"Broker or database does not answer ({type(cause).__name__}). Start it; `yhdyspinta doctor` says "
                    "which one.", NOT_ASKED)
    return None
