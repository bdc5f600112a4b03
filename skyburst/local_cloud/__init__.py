"""A cloud on one machine: what a deployed template does, run without an account and without Docker.

It needs the extra `cloud`, and is imported by nothing but tests and whoever wants to try a template.
"""

from skyburst.local_cloud.batch.service import Settings as BatchSettings
from skyburst.local_cloud.functions import Settings
from skyburst.local_cloud.server import LocalCloud

__all__ = ["BatchSettings", "LocalCloud", "Settings"]
