def doctor() -> None:
    """What may be wrong in this set-up, and what to do."""
