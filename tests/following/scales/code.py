"""Reads results of another job."""

import json
import time

import skyburst


@skyburst.worker
def scale(batch):
    time.sleep(batch.parameters["sleep_s"])
    return sum(result_of(item) * batch.parameters["factor"] for item in batch.items)


def result_of(item):
    folder, _, name = item["data"][0].rpartition("/")
    return json.loads(skyburst.open_folder(folder).read(name))


total = skyburst.combiners.total()
