"""Look at what a job has found so far, while it runs."""

import time

import skyburst

job = skyburst.submit("monte-carlo", parameters={"integrand": "ball", "blocks": 200})
while not job.status().finished:
    try:
        count, mean, _ = job.partial_results()
        print(f"{mean:.4f} after {count:,} points")
    except skyburst.ResultNotReady:
        print("its items are not listed yet")
    time.sleep(0.5)
print(job.result().value["integral"])
