"""The state folder: where home `local` keeps everything.

state.sqlite        the task table
budgets.sqlite      budgets, once somebody sets one
jobs/<job>/         manifest/ partials/ combined/ files/ result.json certificate.json logs/ driver.lock
scratch/            temporary files, on the same disk
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "SKYBURST_HOME"
PRIVATE = 0o700
"""Mode of the folder where it is made: it is of who runs this program alone. One that is there stays as it is."""


def state_folder() -> Path:
    """The folder that `SKYBURST_HOME` names, else the platform's place for application data."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("skyburst", appauthor=False))
