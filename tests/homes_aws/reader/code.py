"""Measures the lines of a file, slowly when it should, and fails where it is told to."""

import time

import skyburst


def lines(parameters, context):
    yield from context.read(parameters["table"]).decode().splitlines()


@skyburst.worker
def measure(batch):
    for line in batch.items:
        print(f"measuring {line}")
        time.sleep(batch.parameters["nap"])
        if line == batch.parameters["bad"]:
            raise ValueError(f"{line} cannot be measured")
        yield len(line)


@skyburst.combiner
def total(partials):
    return sum(length for partial in partials for length in partial.results())


@total.finish
def report(value, context):
    context.write("tables/total.txt", f"{value}\n".encode())
    return {"letters": value}
