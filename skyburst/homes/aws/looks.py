"""When a watcher looks again: within its call, or in the next one after a pause of the execution. Pure.

An execution may have 25,000 events. A turn of its loop is nine: five of the function, two of the choice, two of the pause. A
call that has something to send goes on for as long as its function may, some 240 seconds: 180 calls in twelve hours. One that
has nothing to send ends after a look, and the pause is 2 % of the age, from 12 seconds up to five minutes: some 300 calls in
twelve hours, which are less than 3,000 events. A job that goes back and forth between the two has fewer calls than both together:
all last for a week. From the second day on the pause is 0.3 % of the age, if that is longer: a job that waits for environments
lasts for months.
"""

from __future__ import annotations

from typing import NamedTuple

LOOK_S = 1.0
LOOK_SHARE = 0.2
"""Of the time, that looks take at most: those at very many batches take longer than a moment, and are paid for by the row."""
FUNCTION_S = 300.0
"""The function may run for so long."""
SEND_S = 30.0
"""What is due is sent for so long at most."""
ANSWER_S = 20.0
"""The last call that sends may wait for its answer for so long."""
MARGIN_S = 10.0
"""For storing what the next call has to know."""
PATIENT_AFTER_S = 600.0
"""Of a job that runs for longer, the execution waits between two looks while there is nothing to do: waiting costs nothing."""
LONGEST_WAIT_S = 300.0
SHORT_S = 60.0
"""What is due sooner is waited for in the call; what is due later may be late, by as much as other news."""
WAIT_SHARE = 0.02
"""Of the time that the job has run for, that the execution waits between looks: news come with so much delay."""
LATE_WAIT_SHARE = 0.003
"""The same of a job that runs for days."""


class Next(NamedTuple):
    """The next look."""

    here: bool
    """Whether it is in the same call."""
    pause_s: float
    """From the end of the last look, without what it sent."""


def next_look(*, call_s: float, look_s: float, age_s: float, quiet_s: float, every_s: float = LOOK_S) -> Next:
    """When to look again.

    Args:
        call_s: for how long the call has run.
        look_s: how long its last look took, without what it sent.
        age_s: for how long the job has run.
        quiet_s: for how long nothing will be due; 0 while there is something to send.
        every_s: from look to look within a call.
    """
    rest = look_s * (1 / LOOK_SHARE - 1)
    patient = max(min(LONGEST_WAIT_S, age_s * WAIT_SHARE), age_s * LATE_WAIT_SHARE, rest)
    if age_s > PATIENT_AFTER_S and quiet_s > min(patient, SHORT_S):
        return Next(False, patient)
    pause = max(every_s - look_s, rest)
    # A look that takes twice as long as the last one, and what it sends, must end before the function does.
    if call_s + pause + 2 * look_s + SEND_S + ANSWER_S + MARGIN_S > FUNCTION_S:
        return Next(False, pause if pause > max(LOOK_S, every_s) else 0.0)
    return Next(True, pause)
