"""Codes with which people join a group: made at random, kept as a salted digest, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that are taken for each other: I, L, O, 0, 1."""
PARTS, EACH = 3, 4
SALT_BYTES = 16


def new_code() -> str:
    """A code for people to type, such as `F7KM-2QXW-9HRT`: 59 bits of chance, which nobody guesses online."""
    parts = ("".join(secrets.choice(LETTERS) for _ in range(EACH)) for _ in range(PARTS))
    return "-".join(parts)


def kept_code(code: str) -> str:
    """What is kept of a code: nobody who reads it can join."""
    salt = secrets.token_bytes(SALT_BYTES)
    return f"sha256:{salt.hex()}:{_digest(salt, code)}"


def is_code(kept: str | None, given: str) -> bool:
    """Whether a code is the one that is kept; case, spaces and hyphens do not matter.

    Takes the same time whatever was given, and whether there is a code at all.
    """
    _, salt, digest = (kept or f"sha256:{'00' * SALT_BYTES}:{'0' * 64}").split(":")
    same = hmac.compare_digest(digest, _digest(bytes.fromhex(salt), given))
    return same and kept is not None


def _digest(salt: bytes, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(salt + plain.encode()).hexdigest()
