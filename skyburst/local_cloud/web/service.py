"""What of a cloud people reach with a browser, and what belongs to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from skyburst.errors import WrongVersion
from skyburst.local_cloud.web.addresses import Address
from skyburst.local_cloud.web.channels import Channels
from skyburst.local_cloud.web.distributions import Distribution, Function
from skyburst.local_cloud.web.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skyburst.local_cloud.services import Services
    from skyburst.local_cloud.web.user_pools import Mail, Proof

THREADS = 64
"""Requests to APIs that are answered at a time."""


class Web:
    """Addresses, scripts and sign-ins of one cloud."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.scripts = Scripts(services.folder / "scripts")
        self.pool = ThreadPoolExecutor(THREADS, "http-api")
        self.headers: dict[str, Mapping[str, Any]] = {}
        """Policies of headers of answers, by their ids."""
        self.functions: dict[str, Function] = {}
        """Of CloudFront, by their ARNs."""
        self.proofs: dict[str, Proof] = {}
        """Sign-ins that are under way, by their secret blocks."""
        self.mails: list[Mail] = []
        """What Cognito would have sent, oldest first."""
        self._distributions: dict[str, Distribution] = {}
        self._channels: dict[str, Channels] = {}
        self._addresses: dict[str, Address] = {}

    def distribution(self, distribution_id: str, settings: Mapping[str, Any]) -> Distribution:
        """A distribution, made or changed."""
        found = self._distributions.get(distribution_id)
        if found is None:
            found = self._distributions[distribution_id] = Distribution(self._services, distribution_id, settings)
            found.host = self.address(distribution_id, found)
        found.settings = settings
        return found

    def address(self, name: str, application: Any) -> str:
        """Have an application answer at an address of its own; the host."""
        self._addresses[name] = Address(application)
        return self._addresses[name].host

    def channels(self, api_id: str) -> Channels:
        """The channels of an Events API, made when they are first asked for."""
        if find_spec("websockets") is None:
            raise WrongVersion("live events need websockets, which is not installed; install skyburst[cloud]")
        if api_id not in self._channels:
            self._channels[api_id] = Channels(self._services, api_id)
        return self._channels[api_id]

    def forget(self, name: str) -> None:
        """End what answers for a distribution, an HTTP API or an Events API."""
        self._distributions.pop(name, None)
        for address in (self._addresses.pop(name, None), self._channels.pop(name, None)):
            if address is not None:
                address.close()

    def close(self) -> None:
        """End everything."""
        for name in [*self._addresses, *self._channels]:
            self.forget(name)
        self.scripts.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
