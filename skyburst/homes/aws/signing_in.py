"""People who may sign in to the page of a deployment: users of its pool, whom an operator invites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from skyburst.errors import Invalid, NotDeployed
from skyburst.homes.aws.account import Account, asking

POOL, PAGE = "UserPool", "Page"
"""Outputs of a deployment that has a page."""
ADMINISTRATORS = "administrators"
"""Group of those who see the jobs of everybody."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
"""Names of profiles that may sign in: a pool does not tell letter cases apart, and an address is what else one signs in with."""
LOCAL = re.compile(r"https://127\.0\.0\.1(:\d+)?\Z")
ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+\Z")


class Invited(NamedTuple):
    """A user of the pool."""

    name: str
    email: str
    status: str
    """In Cognito's words: `FORCE_CHANGE_PASSWORD` until the first sign-in, then `CONFIRMED`."""
    enabled: bool
    administrator: bool

    @property
    def standing(self) -> str:
        """How far the invitation got, in a word for people."""
        if not self.enabled:
            return "disabled"
        return "done" if self.status == "CONFIRMED" else "waits"


class Invitations:
    """The pool of users of a deployment."""

    def __init__(self, account: Account) -> None:
        """Raises NotDeployed when the deployment has no page."""
        self._pool = account.outputs.get(POOL, "")
        if not self._pool:
            raise NotDeployed(
                f"the deployment {account.prefix!r} in region {account.region} has no page, so that nobody signs in: "
                "deploy it with `skyburst deploy --web yes`"
            )
        self.page = page_of(account.outputs)
        """Its address."""
        self._client = account.client("cognito-idp")

    def invite(self, name: str, email: str, *, administrator: bool = False, again: bool = False) -> None:
        """Make a user, who gets a message with a password for the first sign-in.

        Args:
            name: of the profile.
            email: where the message goes; one may sign in with it, too.
            administrator: whether the user sees the jobs of everybody.
            again: send another message to a user who has not signed in yet.

        Raises:
            Invalid: when the name or the address cannot be used, or the user is there already.
        """
        check(name, email)
        with asking("invite a user"):
            try:
                self._client.admin_create_user(
                    UserPoolId=self._pool, Username=name, DesiredDeliveryMediums=["EMAIL"],
                    UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
                    **({"MessageAction": "RESEND"} if again else {}),
                )  # fmt: skip
            except self._client.exceptions.UsernameExistsException as error:
                raise Invalid(
                    f"{name} may sign in already: --again sends another password to who has not done so yet"
                ) from error
            except self._client.exceptions.AliasExistsException as error:
                raise Invalid(f"{email} is the address of another user, who may sign in with it") from error
            if administrator:
                self._client.admin_add_user_to_group(UserPoolId=self._pool, Username=name, GroupName=ADMINISTRATORS)

    def remove(self, name: str) -> None:
        """Have a user sign in no more; jobs, and the profile, stay. Raises Invalid when there is no such user."""
        with asking("remove a user"):
            try:
                self._client.admin_delete_user(UserPoolId=self._pool, Username=name)
            except self._client.exceptions.UserNotFoundException as error:
                raise Invalid(f"there is no user {name!r} who may sign in") from error

    def users(self) -> Iterator[Invited]:
        """Everybody who may sign in."""
        with asking("list who may sign in"):
            of_group = self._client.get_paginator("list_users_in_group")
            pages = of_group.paginate(UserPoolId=self._pool, GroupName=ADMINISTRATORS)
            administrators = {user["Username"] for page in pages for user in page["Users"]}
            for page in self._client.get_paginator("list_users").paginate(UserPoolId=self._pool):
                for user in page["Users"]:
                    yield _invited(user, administrators)


def page_of(outputs: Mapping[str, str]) -> str:
    """The address of the page, from the outputs of its stack; empty when there is none. One of a local cloud has no TLS."""
    page = outputs.get(PAGE, "")
    return f"http://{page.removeprefix('https://')}" if LOCAL.match(page) else page


def check(name: str, email: str) -> None:
    """Raises Invalid when somebody cannot sign in with this name or address."""
    if not NAME.match(name):
        raise Invalid(
            f"{name!r} cannot sign in: expected small letters, digits and ._- (64 at most), as in the profile's name, and no "
            "address"
        )
    if not ADDRESS.match(email):
        raise Invalid(f"{email!r} is no mail address: expected one such as ada@lab.edu")


def _invited(user: dict[str, Any], administrators: set[str]) -> Invited:
    attributes = {one["Name"]: one["Value"] for one in user.get("Attributes", [])}
    name = user["Username"]
    return Invited(name, attributes.get("email", ""), user["UserStatus"], user["Enabled"], name in administrators)
