"""One contender, one number of batches, in a process of its own: `contenders.py NAME BATCHES WORKERS [RESULT_BYTES]`.

Prints `{"seconds", "driver_mb", "largest_child_mb"}`. The time is that of the whole call: import the library, start the
workers, map the function, collect what it returned, stop the workers.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def skyburst(batches: int, workers: int) -> None:
    """Every batch is recorded durably in the task table, as always."""
    import skyburst

    result = skyburst.run(str(HERE / "nothing.py"), items=range(batches), batch_size=1, max_parallelism=workers)
    assert result.value == batches


def skyburst_large(batches: int, workers: int, result_bytes: int) -> None:
    """Large partial results."""
    import skyburst

    result = skyburst.run(
        str(HERE / "large_results.py"),
        items=range(batches),
        batch_size=1,
        max_parallelism=workers,
        parameters={"result_bytes": result_bytes},
    )
    assert result.value == batches * result_bytes


def process_pool(batches: int, workers: int) -> None:
    """The standard library's."""
    from concurrent.futures import ProcessPoolExecutor

    from nothing import nothing

    with ProcessPoolExecutor(workers) as pool:
        assert len(list(pool.map(nothing, range(batches), chunksize=1))) == batches


def joblib(batches: int, workers: int) -> None:
    """Its default, loky, which groups short tasks."""
    from joblib import Parallel, delayed
    from nothing import nothing

    found = Parallel(n_jobs=workers)(delayed(nothing)(number) for number in range(batches))
    assert len(found) == batches


def dask(batches: int, workers: int) -> None:
    """Dask distributed with one process a worker."""
    from distributed import Client, LocalCluster
    from nothing import nothing

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        assert len(client.gather(client.map(nothing, range(batches), pure=False))) == batches


def lithops(batches: int, workers: int) -> None:
    """Lithops on this machine."""
    from lithops import FunctionExecutor

    config = {
        "lithops": {"backend": "localhost", "storage": "localhost", "log_level": "ERROR"},
        "localhost": {"worker_processes": workers, "runtime": sys.executable},
    }
    with FunctionExecutor(config=config) as executor:
        # Not `nothing`: two workers that unpack the same module at once can find it half written.
        executor.map(lambda number: number, range(batches))
        assert len(executor.get_result(show_progressbar=False)) == batches


CONTENDERS: dict[str, Callable[..., None]] = {
    "skyburst": skyburst,
    "ProcessPoolExecutor": process_pool,
    "joblib": joblib,
    "Dask distributed": dask,
    "Lithops localhost": lithops,
    "skyburst, large results": skyburst_large,
}


def peak_mb(who: int) -> float:
    """Largest resident memory so far, in MiB; of children the largest one's."""
    return resource.getrusage(who).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    began = time.perf_counter()
    CONTENDERS[name](*map(int, numbers))
    measured = {
        "seconds": time.perf_counter() - began,
        "driver_mb": peak_mb(resource.RUSAGE_SELF),
        "largest_child_mb": peak_mb(resource.RUSAGE_CHILDREN),
    }
    print(json.dumps(measured))
