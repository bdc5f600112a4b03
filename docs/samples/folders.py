"""The longest files of a folder, on this machine or in a bucket."""

import skyburst


@skyburst.worker
def lengths(batch):
    folder = batch.context.once("folder", lambda: skyburst.open_folder(batch.parameters["folder"]))
    for name in batch.items:
        with folder.open(name) as file:
            yield {"lines": sum(1 for _ in file), "file": name}


longest = skyburst.combiners.top_k(3, "lines")

if __name__ == "__main__":
    folder = skyburst.open_folder(".")  # or a URL, such as s3://bucket/texts
    names = [file.name for file in folder.files()]
    result = skyburst.run(__file__, items=names, parameters={"folder": folder.location})
    for found in result.value:
        print(found["lines"], found["file"])
