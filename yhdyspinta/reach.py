"""Is the broker there for this account, and if not, why? The client library tells it only in a callback."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

SECONDS, QUIET, SLICE = 8.0, 2.0, 0.5
"""How long a broker may take that says nothing, and one that refuses the connection; how often the causes are looked
at, for the library goes on trying whatever they are."""
SURE = ("password", "certificate", "name")
CAUSES: Mapping[int, str] = {
    KafkaError._AUTHENTICATION: "password",
    KafkaError._SSL: "certificate",
    KafkaError._RESOLVE: "name",
    KafkaError._TRANSPORT: "silent",
    KafkaError._ALL_BROKERS_DOWN: "silent",
    KafkaError._TIMED_OUT: "silent",
}
"""Kinds of failure, the most telling first."""


class NotReached(Exception):  # noqa: N818 - what happened to the call
    """The broker was not reached as this account. `cause`: `password`, `certificate`, `authority`, `name`, `silent`."""

    def __init__(self, cause: str, client: Mapping[str, str]) -> None:
        self.cause, address = cause, client["bootstrap.servers"]
        account, authority = client.get("sasl.username", "the account"), client.get("ssl.ca.location", "")
        super().__init__({
            "password": f"Kafka at {address} refuses {account}'s password. Make the account anew (`yhdyspinta "
                        "provision`) and use the file that it writes; librdkafka must be 2.6.1 or later.",
            "certificate": f"The certificate of Kafka at {address} is not trusted: it has expired, is of another name, "
                           "or of another authority. Renew it, or set ssl.ca.location (KAFKA_CA) to its authority's.",
            "authority": f"The certificate of Kafka's authority {authority} can't be read. Put it there (PEM), or set "
                         "ssl.ca.location (KAFKA_CA) to its file.",
            "name": f"The name {address} is not known here. Check bootstrap.servers (KAFKA_BOOTSTRAP).",
            "silent": f"Kafka at {address} does not answer. Start it, or check bootstrap.servers (KAFKA_BOOTSTRAP) "
                      "and the firewall.",
        }[cause])


def reach(client: Mapping[str, str], seconds: float = SECONDS, **more: Any) -> tuple[Producer, Any]:
    """A producer that is connected with an account's settings (librdkafka's names), and the cluster's metadata: the
    topics that the account may see. Raises `NotReached`."""
    told: set[str] = set()

    def failed(error: KafkaError) -> None:
        if cause := CAUSES.get(error.code()):
            told.add(cause)

    settings = {name: value for name, value in client.items() if name != "group.id"}
    try:
        producer = Producer({**settings, "socket.connection.setup.timeout.ms": 5000, "log_level": 0,
                             "error_cb": failed, **more})
    except KafkaException:
        if "ssl.ca.location" not in client:
            raise
        raise NotReached("authority", client) from None
    began = monotonic()
    while True:
        try:
            return producer, producer.list_topics(timeout=SLICE)
        except KafkaException:
            producer.poll(0)
        cause = next((c for c in CAUSES.values() if c in told), "silent")
        if cause in SURE or monotonic() > (began + QUIET if told else began + seconds):
            raise NotReached(cause, client)
