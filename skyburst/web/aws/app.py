"""The API for a deployment: the same application as on this machine, over what the deployment has."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar.exceptions import NotAuthorizedException

from skyburst.errors import InvalidJob
from skyburst.homes.aws.calls import Calls
from skyburst.homes.aws.deployed import EXECUTIONS, WEB, Deployed
from skyburst.people.files import PEOPLE
from skyburst.web.app import Requested, make_app
from skyburst.web.aws.clients import signing_client
from skyburst.web.aws.home import Inside, ServedHome
from skyburst.web.aws.libraries import S3Libraries
from skyburst.web.aws.links import S3Links
from skyburst.web.aws.offered import DeployedAnalyses
from skyburst.web.aws.people import Person, Profiles, person_of
from skyburst.web.aws.quota import DynamoQuota
from skyburst.web.aws.uploads import S3Uploads
from skyburst.web.quota import Allowed
from skyburst.web.service import Administrator, Service

if TYPE_CHECKING:
    from litestar import Litestar

LIBRARIES, UPLOAD_BYTES = "SKYBURST_LIBRARIES", "SKYBURST_UPLOAD_BYTES"
"""Environment variables: URLs of libraries, or of folders of them, with spaces between; bytes of the largest upload."""
JOBS_PER_DAY, CONCURRENT_JOBS = "SKYBURST_JOBS_PER_DAY", "SKYBURST_CONCURRENT_JOBS"
"""Environment variables: how much each user may do; not set, or empty, for no limit."""
UPLOAD_GIB = 64
LIBRARY_FOLDER = "libraries"
"""In the deployment's bucket, where no others are named."""


def make_deployed_app(
    deployed: Deployed, registry: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> Litestar:
    """The API of a deployment.

    Args:
        deployed: the deployment.
        registry: its analyses by name.
        environment: variables of the function.

    Raises:
        InvalidJob: when a variable is missing.
    """
    for name in (WEB, EXECUTIONS):
        if not environment.get(name):
            raise InvalidJob(f"{name} is not set: this code runs in functions that `skyburst deploy` made")
    table, s3 = environment[WEB], signing_client()
    calls = Calls(deployed.client("dynamodb"))
    analyses = DeployedAnalyses(registry)
    account = Inside(deployed, environment[EXECUTIONS])
    profiles = Profiles(f"{deployed.location}/{PEOPLE}", calls, table)
    locations = environment.get(LIBRARIES, "").split() or [f"{deployed.location}/{LIBRARY_FOLDER}"]
    allowed = Allowed(_number(environment, JOBS_PER_DAY), _number(environment, CONCURRENT_JOBS))
    service = Service(
        lambda: ServedHome(account, analyses),
        S3Uploads(deployed.objects, s3, calls, table, _number(environment, UPLOAD_BYTES) or UPLOAD_GIB * 2**30),
        S3Libraries(locations, deployed.objects),
        Path(tempfile.gettempdir()),
        DynamoQuota(calls, table, lambda: deployed.table, allowed),
        offered=analyses,
        people=profiles.concerning,
        links=S3Links(s3),
        paths_refused=True,
    )

    def user(request: Requested) -> str:
        person = signed_in(request.scope.get("aws.event"))
        profiles.note(person)
        return Administrator(person.name) if person.administrator else person.name

    return make_app(service, user=user, stays=False)


def signed_in(event: Any) -> Person:
    """Who sends a request, by the claims that API Gateway took from a token that it checked. Raises NotAuthorizedException."""
    context = (event or {}).get("requestContext", {})
    claims = context.get("authorizer", {}).get("jwt", {}).get("claims", {})
    person = person_of(claims)
    if person is None:
        raise NotAuthorizedException("sign in, and send the ID token that Cognito gives: `Authorization: Bearer TOKEN`")
    return person


def _number(environment: Mapping[str, str], name: str) -> int | None:
    return int(environment[name]) if environment.get(name) else None
