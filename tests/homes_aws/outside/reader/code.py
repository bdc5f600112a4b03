"""Measures the lines of a file, waits for an object when it should, and fails where it is told to."""

import time

import skyburst


def lines(parameters, context):
    yield from context.read(parameters["table"]).decode().splitlines()


def wait_for(gate, context):
    while True:
        try:
            return context.read(gate)
        except skyburst.ObjectNotFound:
            time.sleep(0.2)


@skyburst.worker
def measure(batch):
    for line in batch.items:
        print(f"measuring {line}")
        if line == "blue" and batch.parameters["gate"]:
            wait_for(batch.parameters["gate"], batch.context)
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
