"""Pools of users: what Cognito does and moto does not. Passwords are proved as with SRP, and flows are those of the client.

Each function here that takes `original` makes the replacement of one thing of moto; `patches.py` says of which.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skyburst.local_cloud.running import current

Original = Callable[..., Any]

PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
"""Of 3,072 bits: the group 15 of RFC 3526, with 2 as its generator."""
GENERATOR = 2
INFO = b"Caldera Derived Key\x01"
KEY_BYTES = 16
FLOWS = {
    "USER_SRP_AUTH": ("ALLOW_USER_SRP_AUTH", "USER_SRP_AUTH"),
    "USER_PASSWORD_AUTH": ("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"),
    "ADMIN_USER_PASSWORD_AUTH": ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"),
    "ADMIN_NO_SRP_AUTH": ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"),
    "CUSTOM_AUTH": ("ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"),
    "REFRESH_TOKEN_AUTH": ("ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN_AUTH"),
    "REFRESH_TOKEN": ("ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN_AUTH"),
}
"""What a client has to allow, in one of two words, for each flow."""
WRONG = "Incorrect username or password."
PASSWORD_CHARACTERS = 16
SYMBOLS = "!@#%^*-_=+"
OPERATIONS_WITHOUT_KEYS = frozenset(
    f"AWSCognitoIdentityProviderService.{name}"
    for name in (
        "ChangePassword", "ConfirmForgotPassword", "ConfirmSignUp", "ForgotPassword", "GetTokensFromRefreshToken", "GetUser",
        "GlobalSignOut", "InitiateAuth", "RespondToAuthChallenge", "RevokeToken", "SignUp", "UpdateUserAttributes",
    )
)  # fmt: skip
"""Those that anybody may call: a token or a password says who it is."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that Cognito would have sent."""

    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """One sign-in by SRP that is under way, of which the server knows its part."""

    pool: str
    user: str
    verifier: int
    salt: str
    """In hexadecimal."""
    own: int
    """The server's secret number."""
    public: int
    """B."""
    theirs: int
    """A."""

    def signature(self, block: bytes, at: str) -> bytes:
        """What whoever knows the password signs the block with."""
        u = _number(_hash(_padded(self.theirs) + _padded(self.public)))
        shared = pow(self.theirs * pow(self.verifier, u, PRIME), self.own, PRIME)
        extracted = hmac.new(_padded(u), _padded(shared), hashlib.sha256).digest()
        key = hmac.new(extracted, INFO, hashlib.sha256).digest()[:KEY_BYTES]
        return hmac.new(key, self.pool.encode() + self.user.encode() + block + at.encode(), hashlib.sha256).digest()


def proof_of(pool_id: str, user: str, password: str, theirs: int) -> Proof:
    """Begin a sign-in: the server's part for a user and A. Raises ValueError for an A that proves nothing."""
    if theirs % PRIME == 0:
        raise ValueError("A is 0 modulo N")
    pool = pool_id.partition("_")[2]
    salt = _padded(int.from_bytes(os.urandom(16), "big"))
    inner = _hash(f"{pool}{user}:{password}".encode())
    verifier = pow(GENERATOR, _number(_hash(salt + inner)), PRIME)
    own = secrets.randbits(256)
    k = _number(_hash(_padded(PRIME) + _padded(GENERATOR)))
    public = (k * verifier + pow(GENERATOR, own, PRIME)) % PRIME
    return Proof(pool, user, verifier, salt.hex(), own, public, theirs)


def initiate(original: Original) -> Original:
    """Sign-ins by the flows that the client allows, of users by any of their names; SRP as it should be."""

    def initiate_auth(self: Any, client_id: str, auth_flow: str, auth_parameters: dict[str, str]) -> Any:
        from moto.cognitoidp.exceptions import InvalidParameterException, NotAuthorizedError

        pool = _pool_of(self, client_id)
        if pool is None:
            return original(self, client_id, auth_flow, auth_parameters)
        _check_flow(pool.clients[client_id], auth_flow)
        if "REFRESH_TOKEN" in auth_parameters and auth_parameters["REFRESH_TOKEN"] not in pool.refresh_tokens:
            raise NotAuthorizedError("Invalid Refresh Token")
        if "USERNAME" not in auth_parameters:
            return original(self, client_id, auth_flow, auth_parameters)
        user = pool._get_user(auth_parameters["USERNAME"])
        if user is None:
            raise NotAuthorizedError(WRONG)  # whoever asks does not learn who there is
        named = {**auth_parameters, "USERNAME": user.username}
        answer = original(self, client_id, auth_flow, named)
        if auth_flow == "USER_SRP_AUTH":
            try:
                proof = proof_of(pool.id, user.username, user.password or "", int(named["SRP_A"], 16))
            except ValueError as error:
                raise InvalidParameterException(f"SRP_A: {error}") from error
            block = base64.b64encode(os.urandom(64)).decode()
            session = answer["Session"]
            self.sessions[block] = self.sessions.pop(session)
            current().web.proofs[block] = proof
            answer["ChallengeParameters"] = {
                "SALT": proof.salt, "SRP_B": f"{proof.public:x}", "USERNAME": user.username,
                "USER_ID_FOR_SRP": user.username, "SECRET_BLOCK": block,
            }  # fmt: skip
            del answer["Session"]
        return _with_attributes(answer, user)

    return initiate_auth


def respond(original: Original) -> Original:
    """Answers to challenges, of which that to SRP is looked at."""

    def respond_to_auth_challenge(
        self: Any, session: str, client_id: str, challenge_name: str, challenge_responses: dict[str, str]
    ) -> Any:
        from moto.cognitoidp.exceptions import NotAuthorizedError

        pool = _pool_of(self, client_id)
        user = pool._get_user(challenge_responses.get("USERNAME", "")) if pool else None
        if user is None:
            raise NotAuthorizedError(WRONG)
        block = challenge_responses.get("PASSWORD_CLAIM_SECRET_BLOCK", "")
        if challenge_name == "PASSWORD_VERIFIER":
            proof = current().web.proofs.pop(block, None)
            given = _decoded(challenge_responses.get("PASSWORD_CLAIM_SIGNATURE", ""))
            at = challenge_responses.get("TIMESTAMP", "")
            if proof is None or not hmac.compare_digest(proof.signature(base64.b64decode(block), at), given):
                self.sessions.pop(block, None)
                raise NotAuthorizedError(WRONG)
        elif self.sessions.get(session, ("", None))[0] != user.username:
            raise NotAuthorizedError("Invalid session for the user.")
        named = {**challenge_responses, "USERNAME": user.username}
        answer = original(self, session, client_id, challenge_name, named)
        return _with_attributes(answer, user)

    return respond_to_auth_challenge


def get_user(_original: Original) -> Original:
    """A user by name, whatever the letter case, by a verified alias, or by the id."""

    def find(self: Any, username: str) -> Any:
        settings = self.extended_config
        aliases = [*(settings.get("AliasAttributes") or []), *(settings.get("UsernameAttributes") or [])]
        wanted = username.lower()
        for user in self.users.values():
            attributes = {one["Name"]: one["Value"] for one in user.attributes}
            names = {user.username.lower(), user.id.lower()}
            names |= {
                attributes[alias].lower()
                for alias in aliases
                if alias in attributes
                and (
                    alias in (settings.get("UsernameAttributes") or []) or attributes.get(f"{alias}_verified") == "true"
                )
            }
            if wanted in names:
                return user
        return None

    return find


def create_user(original: Original) -> Original:
    """Make a user, and write the mail that tells the password."""

    def admin_create_user(
        self: Any, user_pool_id: str, username: str, message_action: str, temporary_password: str,
        attributes: list[dict[str, str]],
    ) -> Any:  # fmt: skip
        password = temporary_password or _password()
        if message_action == "RESEND":
            user = self.admin_get_user(user_pool_id, username)
            user.password = password
        else:
            user = original(self, user_pool_id, username, message_action, password, attributes)
        found = {one["Name"]: one["Value"] for one in user.attributes}
        if message_action != "SUPPRESS" and "email" in found:
            text = f"Your username is {user.username} and temporary password is {password}"
            current().web.mails.append(Mail(found["email"], text))
        return user

    return admin_create_user


def tokens_from_refresh_token(self: Any) -> Any:
    """Answer the operation GetTokensFromRefreshToken."""
    from moto.cognitoidp.exceptions import NotAuthorizedError
    from moto.core.responses import ActionResult

    pool = _pool_anywhere(self._get_param("ClientId"))
    token = self._get_param("RefreshToken")
    kept = pool.refresh_tokens.get(token) if pool else None
    if pool is None or kept is None or kept[0] != self._get_param("ClientId"):
        raise NotAuthorizedError("Invalid Refresh Token")
    access_token, id_token, expires_in = pool.create_tokens_from_refresh_token(token)
    result = {"AccessToken": access_token, "IdToken": id_token, "ExpiresIn": expires_in, "TokenType": "Bearer"}
    return ActionResult({"AuthenticationResult": result})


def revoke_token(self: Any) -> Any:
    """Answer the operation RevokeToken."""
    from moto.core.responses import EmptyResult

    pool = _pool_anywhere(self._get_param("ClientId"))
    token = self._get_param("Token")
    if pool is not None and token in pool.refresh_tokens:
        pool.refresh_tokens[token] = None
    return EmptyResult()


def _check_flow(client: Any, flow: str) -> None:
    from moto.cognitoidp.exceptions import InvalidParameterException

    allowed = client.extended_config.get("ExplicitAuthFlows")
    # A client that names none has those that Cognito gives it.
    allowed = allowed or ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"]
    if flow in FLOWS and not set(FLOWS[flow]) & set(allowed):
        raise InvalidParameterException(f"{flow} flow not enabled for this client")


def _pool_of(backend: Any, client_id: str) -> Any:
    return next((pool for pool in backend.user_pools.values() if client_id in pool.clients), None)


def _pool_anywhere(client_id: str) -> Any:
    from moto.cognitoidp.models import cognitoidp_backends

    services = current()
    return _pool_of(cognitoidp_backends[services.account][services.region], client_id)


def _with_attributes(answer: Any, user: Any) -> Any:
    """What a page is told of a user who has to choose a password."""
    import json

    if isinstance(answer, dict) and answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
        attributes = {one["Name"]: one["Value"] for one in user.attributes if one["Name"] != "sub"}
        answer["ChallengeParameters"] = {
            **answer["ChallengeParameters"], "USER_ID_FOR_SRP": user.username, "requiredAttributes": "[]",
            "userAttributes": json.dumps(attributes),
        }  # fmt: skip
    return answer


def _password() -> str:
    """One that every policy of passwords takes."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice("".join(kinds)) for _ in range(PASSWORD_CHARACTERS - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _padded(number: int) -> bytes:
    """A positive number as SRP hashes it: with a zero byte in front where it would look negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""
