"""Shows a job in a thread of its own: whoever drives the job only says how far it is."""

from __future__ import annotations

import contextlib
import threading
import time

from skyburst.cli import text
from skyburst.cli.follow.best import Best
from skyburst.cli.follow.running import Running
from skyburst.cli.follow.signals import SignalWatch
from skyburst.cli.follow.snapshot import Snapshot
from skyburst.cli.follow.view import View
from skyburst.contracts.records import JobRecord, Progress
from skyburst.contracts.states import JobState
from skyburst.environments.reading import is_command
from skyburst.homes.home import Home

TICK_S = 0.15
STOPPING = "stopping; press Ctrl-C again to stop at once; `skyburst resume {job_id}{option}` goes on"


class Follower:
    """Enter it while a job runs, and hand `update` its progress. `drives`: this program runs the job, and Ctrl-C ends it."""

    def __init__(self, home: Home, job: JobRecord, view: View, *, drives: bool = True) -> None:
        self._job_id = job.job_id
        self._drives = drives
        self._view = view
        self._workers = home.workers_of(job)
        self._option = home.option
        self._done_before = home.table.progress(job.job_id).done if job.runs else 0
        self._best = Running(home, job) if is_command(job) else Best(home, job.job_id)
        self._signals = SignalWatch()
        name = job.spec.get("name")
        self._snapshot = Snapshot(f"{job.job_id} ({name})" if name else job.job_id)
        self._snapshot.heading = self._best.heading
        self._progress: Progress | None = None
        self._planned = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._began = time.monotonic()

    def update(self, progress: Progress) -> None:
        """Tell how far the job is; costs nothing."""
        self._progress = progress

    def __enter__(self) -> Follower:
        self._signals.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._signals.wake()
        self._thread.join()
        self._signals.__exit__()

    def _run(self) -> None:
        try:
            while not self._end.is_set():
                self._signals.wait(TICK_S)
                self._tick()
            self._say_plan()
        except OSError:  # the terminal or pipe is gone: the job goes on without being shown
            return
        finally:
            self._best.close()
            with contextlib.suppress(OSError):
                self._view.close()

    def _tick(self) -> None:
        snapshot, progress = self._snapshot, self._progress
        snapshot.progress = progress
        snapshot.elapsed_s = time.monotonic() - self._began
        self._say_plan()
        if self._drives and self._signals.seen and not snapshot.stopping:
            snapshot.stopping = True
            self._view.say(STOPPING.format(job_id=self._job_id, option=self._option))
        if progress and progress.state is JobState.RUNNING and not snapshot.stopping:
            given_up = self._best.look(found_something=progress.done > 0)
            if given_up:
                self._view.say(given_up)
            snapshot.best, snapshot.partly = self._best.lines, self._best.partly
        self._view.show(snapshot)

    def _say_plan(self) -> None:
        """Say the plan as soon as there is one."""
        progress = self._progress
        if self._planned or progress is None or not (progress.batches or progress.state.finished):
            return
        self._planned = True
        batches = text.counted(progress.batches, "batch", "batches")
        most = progress.batches if self._workers is None else min(self._workers, progress.batches)
        workers = ("up to " if self._workers is None else "") + text.counted(max(1, most), "worker")
        done = done_already(self._done_before, progress.batches)
        self._view.say(
            f"{self._snapshot.title}: {text.counted(progress.items, 'item')} in {batches} on {workers}{done}"
        )


def done_already(done: int, batches: int) -> str:
    """What follows the plan of a job that goes on, such as `; 3 of them are done already`. Pure."""
    if not done:
        return ""
    if batches == 1:
        return "; it is done already"
    return f"; {done:,} of them {'is' if done == 1 else 'are'} done already"
