"""Numbers as people read them."""


def counted(number: int, noun: str) -> str:
    """Such as `1 shard`, `1,000 shards`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
