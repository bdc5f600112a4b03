"""Whether a token of a pool of users is valid: its signature, issuer, audience and times, against the keys of the pool."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

ISSUER = re.compile(r"https://cognito-idp\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<pool>[^/]+)\Z")
BEARER = "bearer "


class InvalidToken(Exception):
    """Raised with the reason why a token is not valid."""


def claims_of(token: str, account: str, issuer: str, is_for: Callable[[str], bool]) -> dict[str, Any]:
    """The claims of a token.

    Args:
        token: as it is sent, with or without `Bearer`.
        account: of the pool.
        issuer: the address of the pool, as tokens name it.
        is_for: whether a token for this client is taken.

    Raises:
        InvalidToken: with the reason.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    text = token[len(BEARER) :] if token.lower().startswith(BEARER) else token
    key = _key_of(account, issuer)
    try:
        claims: dict[str, Any] = jwt.decode(text.strip(), key, algorithms=["RS256"]).claims
    except (JoseError, ValueError) as error:
        raise InvalidToken(f"the token cannot be verified: {error}") from error
    now = time.time()
    if claims.get("iss") != issuer:
        raise InvalidToken("the token is of another issuer")
    if not is_for(str(claims.get("aud") or claims.get("client_id") or "")):
        raise InvalidToken("the token is for another audience")
    if float(claims.get("exp", 0)) <= now:
        raise InvalidToken("the token has expired")
    if float(claims.get("nbf", 0)) > now or float(claims.get("iat", 0)) > now + 1:
        raise InvalidToken("the token is not valid yet")
    return claims


def _key_of(account: str, issuer: str) -> Any:
    from moto.cognitoidp.models import cognitoidp_backends

    found = ISSUER.match(issuer)
    if found is None:
        raise InvalidToken(f"{issuer} is no pool of users")
    pool = cognitoidp_backends[account][found["region"]].user_pools.get(found["pool"])
    if pool is None:
        raise InvalidToken(f"there is no pool of users {issuer}")
    return pool.json_web_key
