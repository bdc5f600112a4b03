"""Numbers as people read them."""


def counted(number: int, noun: str, many: str = "") -> str:
    """Such as `1 shard`, `1,000 shards`; `many` is the plural of nouns that do more than end in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {many or f'{noun}s'}"
