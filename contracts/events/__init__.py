"""What the systems tell each other: a module a stream, a class an event, in the order of the topics."""
