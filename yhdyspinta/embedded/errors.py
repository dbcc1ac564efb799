"""What can keep the embedded Kafka or Postgres from running, told in a sentence."""


class EmbeddedError(Exception):
    """The embedded broker or database can't run; the sentence says why and what to do."""
