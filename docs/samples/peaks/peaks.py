"""The summits of a landscape: the high points of a coarse grid first, then upwards from the best of them."""

from math import cos, exp, hypot, sin

import skyburst


def height(place):
    x, y = place
    return sin(3 * x) * cos(2 * y) * exp(-hypot(x - 1, y) / 4)


def highest_around(place, step):
    x, y = place
    return max(((x + right * step, y + up * step) for right in (0, -1, 1) for up in (0, -1, 1)), key=height)


def list_rows(parameters, _context):
    return range(parameters["rows"])


@skyburst.worker
def survey(batch):
    rows = batch.parameters["rows"]
    for row in batch.items:
        for column in range(rows):
            place = [8 * column / rows - 4, 8 * row / rows - 4]
            if highest_around(place, 8 / rows) == tuple(place):
                yield {"height": height(place), "place": place}


best = skyburst.combiners.top_k(10, key="height")


def starts(value, _context):
    """The tasks, made of what the combiner found: here each of its ten points is one."""
    return value


def climb(task, context):
    """Run for each task, in parallel: upwards, with smaller and smaller steps."""
    place, step = task["place"], 8 / context.parameters["rows"]
    while step > 1e-6:
        higher = highest_around(place, step)
        if height(higher) > height(place):
            place = higher
        else:
            step /= 2
    return {"height": round(height(place), 6), "place": [round(number, 4) for number in place]}


def summits(_value, results, _context):
    """What the combined value becomes."""
    return sorted(results, key=lambda summit: -summit["height"])
