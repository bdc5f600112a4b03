"""Drive one job in a process of its own: `python -m skyburst.homes.local.drive JOB`. Its log is the job's `driver.log`."""

from __future__ import annotations

import sys

from skyburst.homes.local.home import LocalHome

if __name__ == "__main__":
    LocalHome().drive(sys.argv[1])
