"""What happens when some batches fail, and how the rest is saved."""

from pathlib import Path

import skyburst


@skyburst.worker
def lengths(batch):
    return [len(Path(path).read_text()) for path in batch.items]


everything = skyburst.combiners.concatenate()

if __name__ == "__main__":
    Path("a.txt").write_text("four")
    files = {"items": ["a.txt", "b.txt"], "batch_size": 1}
    try:
        skyburst.run(__file__, **files)
    except skyburst.JobFailed as error:
        print(error.result.value, error.result.missing[0].reason)  # [4] FileNotFoundError: ... (attempt 3)
        job = skyburst.JobHandle(error.job_id)

    Path("b.txt").write_text("seven!!")
    print(job.resume().result().value)  # [4, 7]: only the second batch ran again

    Path("b.txt").unlink()
    result = skyburst.run(__file__, **files, tolerated_failure_percent=50)
    print(result.state, result.value)  # PARTIAL [4]
