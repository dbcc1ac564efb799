"""Sends records as no Python client can: a header's name may be any bytes.

librdkafka itself, the one that comes with confluent-kafka, through ctypes.
"""

import ctypes
from collections.abc import Mapping, Sequence
from ctypes import c_char_p, c_int, c_size_t, c_ssize_t, c_void_p
from pathlib import Path

import confluent_kafka

_TOPIC, _VALUE, _KEY, _FLAGS, _HEADERS, _COPY = 1, 4, 5, 7, 10, 2
_SECONDS = 15


def _library() -> ctypes.CDLL:
    beside = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(beside.glob("librdkafka*.so*"))))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, name).restype = c_void_p
    return library


def send(client: Mapping[str, str], topic: str, key: bytes, value: bytes,
         headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Sends one record with a client's settings and waits for its acknowledgement."""
    kafka, said = _library(), ctypes.create_string_buffer(512)
    settings = c_void_p(kafka.rd_kafka_conf_new())
    for name, text in client.items():
        if name != "group.id" and kafka.rd_kafka_conf_set(settings, name.encode(), text.encode(), said, c_size_t(512)):
            raise OSError(said.value.decode())
    producer = c_void_p(kafka.rd_kafka_new(c_int(0), settings, said, c_size_t(512)))
    lines = c_void_p(kafka.rd_kafka_headers_new(c_size_t(len(headers))))
    for line, content in headers:
        kafka.rd_kafka_header_add(lines, line, c_ssize_t(len(line)), content, c_ssize_t(len(content)))
    fault = kafka.rd_kafka_producev(
        producer, c_int(_TOPIC), c_char_p(topic.encode()), c_int(_VALUE), c_char_p(value), c_size_t(len(value)),
        c_int(_KEY), c_char_p(key), c_size_t(len(key)), c_int(_FLAGS), c_int(_COPY), c_int(_HEADERS), lines, c_int(0))
    fault = fault or kafka.rd_kafka_flush(producer, c_int(_SECONDS * 1000))
    kafka.rd_kafka_destroy(producer)
    if fault:
        raise OSError(f"librdkafka did not send the record: {fault}")
