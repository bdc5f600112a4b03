import skyburst

result = skyburst.run("monte-carlo", home="aws", parameters={"blocks": 40, "points_per_block": 1_000})
print(result.state, result.value["integral"])

job = skyburst.submit("monte-carlo", home="aws", parameters={"blocks": 40, "points_per_block": 1_000, "seed": 1})
print(job.wait(timeout=600), job.progress().done, "batches")
