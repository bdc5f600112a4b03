"""Start a job in the background, look after it, and fetch what it found."""

import skyburst

job = skyburst.submit("monte-carlo", parameters={"blocks": 400}, name="pi, carefully")
print(job.job_id, job.status())

job.wait(timeout=60, on_progress=lambda progress: print(f"{progress.done} of {progress.batches} batches"))

result = job.result()
print(result.value["integral"], "±", result.value["standard_error"])
print(job.certificate()["analysis"]["digest"])

again = skyburst.JobHandle(job.job_id)  # in another program, or tomorrow
assert again.result().value == result.value
