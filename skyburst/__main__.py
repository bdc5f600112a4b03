"""`python -m skyburst`: the command line."""

from __future__ import annotations

from skyburst.cli.main import main

if __name__ == "__main__":
    main()
