"""What a process of a Python function runs: AWS's runtime client, with the paths that Lambda has and no others.

Run with `python -I -S`, so that neither the project, nor what else is installed, nor the caller's environment is seen.
The arguments are the folders to import from; the handler comes from the environment, as on AWS.
"""

import os
import runpy
import sys

if __name__ == "__main__":
    sys.path[:0] = sys.argv[1:]
    sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
