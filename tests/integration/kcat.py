"""kcat's part that docs/integrating.md uses, on librdkafka, for machines without kcat: `-P` and `-C`, `-F -t -k -H`.

The settings and their meaning are the library's own, which kcat hands on as this does.
"""

import argparse
import sys
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("-P", "-C", "-q", "-e"):
        parser.add_argument(flag, action="store_true")
    for option in ("-F", "-t", "-k", "-o"):
        parser.add_argument(option)
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("file", nargs="?")
    told = parser.parse_args()
    lines = Path(told.F).read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    if told.P:
        produce(settings, told)
    else:
        consume(settings, told.t)


def produce(settings: dict[str, str], told: argparse.Namespace) -> None:
    failed: list[KafkaError] = []
    producer = Producer({name: value for name, value in settings.items() if name != "group.id"})
    producer.produce(told.t, Path(told.file).read_bytes(), told.k, headers=[tuple(h.split("=", 1)) for h in told.H],
                     on_delivery=lambda error, _: failed.append(error) if error else None)
    if producer.flush(20) or failed:
        sys.exit(f"not delivered: {failed}")


def consume(settings: dict[str, str], topic: str) -> None:
    consumer = Consumer({**settings, "enable.partition.eof": True, "enable.auto.commit": False})
    parts = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in parts])
    left = len(parts)
    while left:
        message = consumer.poll(20)
        if message is None or (message.error() and message.error().code() != KafkaError._PARTITION_EOF):
            sys.exit(f"not read: {message and message.error()}")
        if message.error():
            left -= 1
        elif message.value():
            print(message.value().decode())
    consumer.close()


if __name__ == "__main__":
    main()
