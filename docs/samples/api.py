import json
import sys
import time
import urllib.request

address, _, token = sys.argv[1].partition("/?token=")


def ask(method, path, body=None, data=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = data if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


text = b"one two two\n" * 1000
upload = ask("POST", "/api/uploads", {"name": "words.txt", "size": len(text)})
for part in upload["parts"]:
    ask("PUT", part["url"], data=text[part["offset"] : part["offset"] + part["size"]])
ask("POST", f"/api/uploads/{upload['id']}/complete")

job = ask("POST", "/api/jobs", {"analysis": "word-statistics", "parameters": {"texts": f"upload:{upload['id']}"}})
while job["finished_at"] is None:
    time.sleep(0.2)
    job = ask("GET", f"/api/jobs/{job['job_id']}")
print(job["state"], f"{job['progress']['done']} of {job['progress']['batches']} batches")
print(ask("GET", f"/api/jobs/{job['job_id']}/files/result.json")["most_frequent"])
