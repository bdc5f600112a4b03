"""Policies of a running job: what happens to failed batches, and how a job ends."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.contracts.records import BatchRecord, Failure, Missing, Progress
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.plan import make_plan
from skyburst.engine.watch import (
    FIRST_DELAY_S,
    LONGEST_DELAY_S,
    MOST_REASONS,
    NOT_SENT,
    final_state,
    missing,
    reason_of,
    retry_delay,
    state_after,
    too_many_failed,
    with_estimate,
)

RAISED, KILLED, NOT_JSON = Failure("ValueError", "no"), Failure("Killed", "gone"), Failure("NotJson", "a set")


def test_the_delay_before_a_retry_doubles_with_jitter_and_has_an_end() -> None:
    # around half a second after the first attempt, doubled after each
    assert 0.75 * FIRST_DELAY_S <= retry_delay("job", 0, 1) <= 1.25 * FIRST_DELAY_S
    assert 0.75 * 8 * FIRST_DELAY_S <= retry_delay("job", 0, 4) <= 1.25 * 8 * FIRST_DELAY_S
    # never much longer than half a minute
    assert max(retry_delay("job", batch, 30) for batch in range(50)) <= 1.25 * LONGEST_DELAY_S
    # batches that failed together do not come back together
    assert len({retry_delay("job", batch, 1) for batch in range(50)}) == 50
    # a resumed job has the same delays
    assert retry_delay("job", 7, 2) == retry_delay("job", 7, 2)


def test_a_failed_attempt_leaves_its_batch_waiting_lost_or_failed() -> None:
    # what may go better next time is tried again
    assert state_after(RAISED, 1, 3) is BatchState.PENDING
    # whose worker is gone is lost, and sent again
    assert state_after(KILLED, 2, 3) is BatchState.LOST
    # after the last attempt there is none
    assert (state_after(RAISED, 3, 3), state_after(KILLED, 3, 3)) == (BatchState.FAILED, BatchState.FAILED)
    # what must fail again is not tried again
    assert state_after(NOT_JSON, 1, 3) is BatchState.FAILED


def test_the_tolerated_share_is_kept_up_to_the_last_batch() -> None:
    # nothing is tolerated by default
    assert too_many_failed(1, 1_000_000, 0)
    assert not too_many_failed(0, 1_000_000, 0)
    # exactly the share is within the share
    assert not too_many_failed(5, 100, 5)
    assert too_many_failed(6, 100, 5)
    # a share of few batches is rounded down
    assert too_many_failed(1, 9, 10)
    # everything may fail
    assert not too_many_failed(9, 9, 100)


@settings(max_examples=200)
@given(st.integers(1, 10_000), st.integers(0, 1_000), st.data())
def test_shares_in_tenths_of_a_percent_are_counted_exactly(batches: int, tenths: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, batches))
    assert too_many_failed(failed, batches, tenths / 10) == (Fraction(failed, batches) > Fraction(tenths, 1_000))


def end(
    batches: int, done: int, failed: int = 0, tolerated: float = 0, *, cancelled: bool = False, timed_out: bool = False
) -> tuple[JobState, str]:
    return final_state(
        batches=batches, done=done, failed=failed, tolerated_percent=tolerated, cancelled=cancelled, timed_out=timed_out
    )


def test_a_job_whose_batches_are_all_done_succeeded_whatever_else_happened() -> None:
    # the plain case
    assert end(1_234, 1_234) == (JobState.SUCCEEDED, "all 1,234 batches are done")
    # a cancel request or the deadline came too late to matter
    assert end(5, 5, cancelled=True)[0] is JobState.SUCCEEDED
    assert end(5, 5, timed_out=True)[0] is JobState.SUCCEEDED
    # one batch is not "all 1"
    assert end(1, 1) == (JobState.SUCCEEDED, "its one batch is done")


def test_a_job_that_was_ended_says_by_what_and_how_far_it_was() -> None:
    # by somebody
    assert end(1_000, 400, cancelled=True) == (JobState.CANCELLED, "cancelled: 400 of 1,000 batches are done")
    # by its own limit
    assert end(1_000, 400, timed_out=True) == (JobState.TIMED_OUT, "its time ran out: 400 of 1,000 batches are done")
    # tolerance is for failures, not for being ended
    assert end(10, 9, tolerated=50, cancelled=True)[0] is JobState.CANCELLED
    # somebody's wish goes before the limit
    assert end(10, 9, cancelled=True, timed_out=True)[0] is JobState.CANCELLED


def test_a_job_with_failures_is_partial_within_the_tolerated_share_and_failed_beyond() -> None:
    # within
    assert end(100, 95, 5, 5) == (JobState.PARTIAL, "95 of 100 batches are done, 5 failed, and 5 % may")
    # beyond
    assert end(100, 94, 6, 5) == (JobState.FAILED, "6 of its batches failed and 5 % may: 94 of 100 batches are done")
    # all of them, whatever is tolerated: of nothing there is no result
    assert end(3, 0, 3, 100) == (JobState.FAILED, "all 3 batches failed")
    assert end(1, 0, 1, 0) == (JobState.FAILED, "its one batch failed")
    # it was given up before the others were sent
    assert end(100, 0, 10, 5) == (
        JobState.FAILED,
        "10 of its batches failed, and none is done: 0 of 100 batches are done",
    )
    # batches that were not sent any more are missing too
    assert end(100, 90, 6, 5)[0] is JobState.FAILED
    # exactly, though 1,000 * 64.1 is a little less than 64,100 in floating-point numbers
    assert end(1_000, 359, 641, 64.1)[0] is JobState.PARTIAL
    # a part of nothing is nothing, however much is tolerated
    assert end(3, 0, 3, 100)[0] is JobState.FAILED


def record(batch_id: int, state: BatchState = BatchState.DONE, *failures: Failure, started: bool = True) -> BatchRecord:
    return BatchRecord(batch_id, state, len(failures), started_at=1.0 if started else None, failures=list(failures))


def test_missing_batches_are_summed_up_in_ranges_of_one_reason() -> None:
    plan = make_plan(95, 10)
    recorded = [
        record(0),
        record(2, BatchState.FAILED, RAISED, RAISED),
        record(3, BatchState.FAILED, RAISED, RAISED),
        record(4, BatchState.FAILED, KILLED),
        record(5, BatchState.PENDING),
        record(7),
    ]
    assert list(missing(plan, recorded)) == [
        Missing(1, 1, 10, 20, NOT_SENT),
        Missing(2, 3, 20, 40, "ValueError: no (attempt 2)"),
        Missing(4, 4, 40, 50, "Killed: gone"),
        Missing(5, 5, 50, 60, "stopped: the job ended while it ran"),
        Missing(6, 6, 60, 70, NOT_SENT),
        Missing(8, 9, 80, 95, NOT_SENT),
    ]


def test_of_very_many_different_failures_the_first_thousand_are_told_in_full_and_of_the_rest_the_kind() -> None:
    recorded = [record(batch, BatchState.FAILED, Failure("ValueError", f"no {batch}: bad")) for batch in range(5_000)]
    gaps = list(missing(make_plan(5_002, 1), recorded))
    assert [gap.reason for gap in gaps[:MOST_REASONS]] == [f"ValueError: no {n}: bad" for n in range(MOST_REASONS)]
    rest = [Missing(1_000, 4_999, 1_000, 5_000, "ValueError"), Missing(5_000, 5_001, 5_000, 5_002, NOT_SENT)]
    assert gaps[MOST_REASONS:] == rest


def test_nothing_is_missing_when_all_is_done_and_everything_when_nothing_was_sent() -> None:
    # all done
    assert list(missing(make_plan(25, 10), [record(0), record(1), record(2)])) == []
    # none recorded
    assert list(missing(make_plan(25, 10), [])) == [Missing(0, 2, 0, 25, NOT_SENT)]
    # nothing to do
    assert list(missing(make_plan(0), [])) == []
    # recorded, but never started
    assert list(missing(make_plan(5, 5), [record(0, BatchState.PENDING, started=False)])) == [
        Missing(0, 0, 0, 5, NOT_SENT)
    ]


@settings(max_examples=150)
@given(st.integers(0, 60), st.integers(1, 7), st.data())
def test_what_is_missing_and_what_is_done_make_up_the_job(items: int, batch_size: int, data: st.DataObject) -> None:
    plan = make_plan(items, batch_size)
    states = data.draw(st.lists(st.sampled_from([None, *BatchState]), min_size=plan.batches, max_size=plan.batches))
    recorded = [record(batch, state) for batch, state in enumerate(states) if state]
    gaps = list(missing(plan, recorded))
    absent = [batch for gap in gaps for batch in range(gap.first, gap.last + 1)]
    assert absent == [batch for batch, state in enumerate(states) if state is not BatchState.DONE]
    for gap in gaps:
        assert (gap.start, gap.end) == (plan.items_of(gap.first)[0], plan.items_of(gap.last)[1])


def test_the_reason_of_a_missing_batch_is_its_last_failure() -> None:
    # one failure
    assert reason_of(record(0, BatchState.FAILED, RAISED)) == "ValueError: no"
    # several: the last, and how many
    assert reason_of(record(0, BatchState.FAILED, RAISED, KILLED)) == "Killed: gone (attempt 2)"
    # none, but it ran
    assert reason_of(record(0, BatchState.PENDING)) == "stopped: the job ended while it ran"
    # none, and it did not
    assert reason_of(record(0, BatchState.PENDING, started=False)) == NOT_SENT


def test_the_estimate_counts_only_what_this_run_did() -> None:
    progress = Progress(JobState.RUNNING, batches=100, done=60, failed=0, items=1_000, items_done=600)
    estimate = with_estimate(progress, items_before=500, batches_before=50, elapsed_s=5.0)
    # ten batches of ten items in five seconds, forty batches to go
    assert (estimate.items_per_s, estimate.seconds_left) == (20.0, 20.0)
    # nothing done in this run: nothing known
    assert with_estimate(progress, items_before=600, batches_before=60, elapsed_s=5.0).seconds_left is None
    # no time passed: no rate
    assert with_estimate(progress, items_before=0, batches_before=0, elapsed_s=0.0).items_per_s == 0.0
    # what was given is left as it was
    assert progress.seconds_left is None


@pytest.mark.parametrize("batches", [0, 10])
def test_the_fraction_of_a_job_is_whole_at_its_end(batches: int) -> None:
    assert Progress(JobState.SUCCEEDED, batches=batches, done=batches).fraction == 1.0
    assert Progress(JobState.RUNNING, batches=batches).fraction == 0.0
