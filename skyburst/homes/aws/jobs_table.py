"""The jobs of the task table in DynamoDB. A job is two or three items, so that what is read often costs little to read:

JOB           head: state, run, cancel, shards, batches, items, batchSize, created, kind, key, user, ttl
record#JOB    record: the job's record as JSON text, compressed when it is long
key#DIGEST    job: the job that the idempotency key belongs to
users#        noted: that the heads of all jobs have the digest of their user, by which an index finds them
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.errors import IdempotencyConflict, InvalidJob, JobNotFound, StorageError
from skyburst.homes.aws import rows
from skyburst.homes.aws.calls import Calls, ConditionFailed, Item, chunks
from skyburst.homes.aws.expressions import delete, put, update
from skyburst.homes.aws.rows import Numbers, number
from skyburst.homes.aws.schema import NEWEST, NEWEST_OF_USER, shards_for

JOBS_AT_ONCE = 50
USERS_NOTED = "users#"
"""Key of the item that says that there is no earlier job whose user is in its record only."""
PLAIN_BYTES = 4 * 1024
"""Longer records are compressed."""
MOST_RECORD_BYTES = 380 * 1024
"""An item holds 400 KB. A job specification has 256 KiB at most, and what a job leaves behind is cut by `ending`."""
TRIES = 5
"""Of creating a job whose idempotency key belongs to a job that is being removed."""
DAY_S = 86_400
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Head:
    """What is read often of a job."""

    state: JobState
    run: int
    """How many times the job was started or resumed."""
    cancel_requested: bool
    shards: int | None
    """None until it has a plan or a batch."""
    expires: int | None
    """Seconds since the epoch."""
    numbers: Numbers


class JobsTable:
    """The table of jobs."""

    def __init__(self, calls: Calls, name: str, *, keep_days: float | None, clock: Callable[[], float]) -> None:
        self.name = name
        self._calls, self._keep_days, self._clock = calls, keep_days, clock
        self._lock, self._last = threading.Lock(), 0
        self._users_noted = False

    def create(self, job: JobRecord, shards: int | None) -> JobRecord:
        """Store a new job, or return the one with the same id or idempotency key."""
        if "#" in job.job_id or not job.job_id:
            raise InvalidJob(f"job_id is {job.job_id!r}, and the id of a job at home aws is text without '#'")
        head = self._new_head(job, shards)
        kept = {"ttl": head["ttl"]} if "ttl" in head else {}
        record = {"jobId": {"S": _record_id(job.job_id)}, "record": self._packed(job), **kept}
        writes = [put(self.name, head, "attribute_not_exists(#jobId)"), put(self.name, record)]
        if "key" in head:
            key = {"jobId": head["key"], "job": head["jobId"], **kept}
            writes.append(put(self.name, key, "attribute_not_exists(#jobId)"))
        for _ in range(TRIES):
            try:
                self._calls.write_together(self.name, writes)
                return job
            except ConditionFailed:
                earlier = self._earlier(job, head.get("key"))
            if earlier is not None:
                return _same(job, earlier)
        raise StorageError(
            f"the table {self.name}: job {job.job_id} could not be created, somebody removes the same one: try again"
        )

    def earlier(self, job: JobRecord) -> JobRecord | None:
        """The stored job that has the id or the idempotency key of another one."""
        key = job.spec.get("idempotency_key")
        return self._earlier(job, None if key is None else {"S": _key_id(key)})

    def get(self, job_id: str) -> JobRecord:
        """One job."""
        job = self._get_some([job_id]).get(job_id)
        if job is None:
            raise self._not_found(job_id)
        return job

    def newest_first(
        self, wanted: Collection[JobState] | None = None, user: str | None = None, after: str | None = None
    ) -> Iterator[JobRecord]:
        """All jobs, or those in these states, whose records alone are read. The index follows the table within a second.

        Those of a user are read by an index of their own, and no others with them.
        """
        index, kind = NEWEST, "job"
        if user is not None and self._are_users_noted():
            index, kind = NEWEST_OF_USER, _digest(user)
        start = None if after is None else self._known_head(after)
        keys = self._calls.newest(self.name, kind, "jobId", index=index, after=start)
        for job_ids in chunks(keys, JOBS_AT_ONCE):
            some = job_ids if wanted is None else self._in_states(job_ids, wanted)
            found = self._get_some(some)
            jobs = (found[job_id] for job_id in some if job_id in found)
            yield from (job for job in jobs if user is None or job.spec.get("user") == user)

    def note_users(self) -> int:
        """Note in the heads of jobs of an earlier version whose they are, so that the index has them; how many there were.

        Until that is done, jobs of a user are looked for among all. A job that an earlier version makes at the same time gets
        its user with the next change of its state.
        """
        if self._are_users_noted():
            return 0
        noted = 0
        for job_ids in chunks(self._calls.newest(self.name, "job", "jobId"), JOBS_AT_ONCE):
            heads = self._calls.get_many(self.name, (_key(job_id) for job_id in job_ids))
            for job in self._get_some([head["jobId"]["S"] for head in heads if "user" not in head]).values():
                if user := _user(job):
                    with contextlib.suppress(JobNotFound):  # deleted meanwhile
                        self._change(job.job_id, user)
                        noted += 1
        mark = update(self.name, _key(USERS_NOTED), {"noted": {"BOOL": True}})["Update"]
        self._calls.call("update_item", self.name, **mark)
        return noted

    def _are_users_noted(self) -> bool:
        if not self._users_noted:
            self._users_noted = self._calls.get(self.name, _key(USERS_NOTED)) is not None
        return self._users_noted

    def states(self, job_ids: Collection[str]) -> dict[str, JobState]:
        """States of those of these jobs that exist."""
        heads = self._calls.get_many(self.name, (_key(job_id) for job_id in job_ids))
        return {head["jobId"]["S"]: JobState(head["state"]["S"]) for head in heads}

    def of_keys(self, keys: Collection[str]) -> dict[str, str]:
        """Ids of the jobs of those of these idempotency keys that have one."""
        by_id = {_key_id(key): key for key in keys}
        items = self._calls.get_many(self.name, [{"jobId": {"S": key_id}} for key_id in by_id])
        return {by_id[item["jobId"]["S"]]: item["job"]["S"] for item in items}

    def _in_states(self, job_ids: Collection[str], wanted: Collection[JobState]) -> list[str]:
        """Those of these jobs that are in one of these states, in their order."""
        states = self.states(job_ids)
        return [job_id for job_id in job_ids if states.get(job_id) in wanted]

    def some(self, job_ids: Collection[str]) -> Iterator[JobRecord]:
        """Those of these jobs that exist."""
        for chunk in chunks(job_ids, JOBS_AT_ONCE):
            yield from self._get_some(chunk).values()

    def update(self, job: JobRecord, expected: Collection[JobState] | None, run: int | None) -> bool:
        """Store a job's record if its stored state, and number of runs, is the expected one."""
        if expected is not None and not expected:
            return False
        condition = "attribute_exists(#jobId)"
        wanted: Item = {}
        if expected is not None:
            wanted = {f"expected{state}": {"S": str(state)} for state in expected}
            condition += f" AND #state IN ({', '.join(f':{name}' for name in wanted)})"
        if run is not None:
            wanted["expectedRun"] = number(run)
            condition += " AND #run = :expectedRun"
        planned = _planned(job)
        head = update(
            self.name,
            _key(job.job_id),
            {"state": {"S": job.state}, "run": number(job.runs), **planned, **_user(job)},
            unless_there={"shards": number(shards_for(job.plan["batches"]))} if job.plan and planned else {},
            condition=condition,
            values=wanted,
        )
        record = update(self.name, _key(_record_id(job.job_id)), {"record": self._packed(job)})
        try:
            self._calls.write_together(self.name, [head, record])
        except ConditionFailed:
            return False
        return True

    def request_cancel(self, job_id: str, *, requested: bool) -> None:
        """Ask for the end of a job, or take that back."""
        self._change(job_id, {"cancel": {"BOOL": requested}})

    def head(self, job_id: str, *, consistent: bool = True) -> Head:
        """What is read often of a job. Raises JobNotFound."""
        return _head_of(self._known_head(job_id, consistent=consistent))

    def fix_shards(self, job_id: str) -> Head:
        """The head of a job of which a batch is written before it has a plan: it keeps one shard for good."""
        return _head_of(self._change(job_id, unless_there={"shards": number(1)}))

    def delete(self, job_id: str) -> None:
        """Forget a job."""
        item = self._calls.get(self.name, _key(job_id)) or {}
        writes = [delete(self.name, _key(job_id)), delete(self.name, _key(_record_id(job_id)))]
        if "key" in item:
            mine = "attribute_not_exists(#jobId) OR #job = :job"
            writes.append(delete(self.name, {"jobId": item["key"]}, mine, {"job": {"S": job_id}}))
        self._calls.write_together(self.name, writes)

    def _known_head(self, job_id: str, *, consistent: bool = True) -> Item:
        item = self._calls.get(self.name, _key(job_id), consistent=consistent)
        if item is None:
            raise self._not_found(job_id)
        return item

    def _new_head(self, job: JobRecord, shards: int | None) -> Item:
        created = self._now_ns()
        batches = (job.plan or {}).get("batches", 0)
        shards = shards or (shards_for(batches) if batches else None)
        key = job.spec.get("idempotency_key")
        head: dict[str, Item | None] = {
            "jobId": {"S": job.job_id},
            "kind": {"S": "job"},
            "created": number(created),
            "state": {"S": job.state},
            "run": number(job.runs),
            "cancel": {"BOOL": job.cancel_requested},
            "shards": number(shards) if shards else None,
            "key": {"S": _key_id(key)} if key is not None else None,
            "ttl": number(int(created / NS + self._keep_days * DAY_S)) if self._keep_days else None,
            **_planned(job),
            **_user(job),
        }
        return {name: attribute for name, attribute in head.items() if attribute is not None}

    def _now_ns(self) -> int:
        """Nanoseconds since the epoch, never the same twice from one program."""
        with self._lock:
            self._last = max(self._last + 1, int(self._clock() * NS))
            return self._last

    def _packed(self, job: JobRecord) -> Item:
        document = {name: getattr(job, name) for name in JobRecord.__slots__ if name != "cancel_requested"}
        plain = rows.text(document)
        if len(plain["S"]) <= PLAIN_BYTES:
            return plain
        packed = rows.pack(_once(document))
        if len(packed["B"]) > MOST_RECORD_BYTES:
            raise StorageError(
                f"the record of job {job.job_id} has {len(packed['B']):,} bytes when compressed, and an item of the table "
                f"{self.name} holds {MOST_RECORD_BYTES:,}: put long parameters or lists of items into objects"
            )
        return packed

    def _earlier(self, job: JobRecord, key: Item | None) -> JobRecord | None:
        """The job that has the id or the idempotency key; None when it is gone by now."""
        found = self._get_some([job.job_id]).get(job.job_id)
        if found is not None or key is None:
            return found
        item = self._calls.get(self.name, {"jobId": key})
        if item is None:
            return None
        owner = item["job"]["S"]
        found = self._get_some([owner]).get(owner)
        if found is None:  # DynamoDB removes expired items one by one: the job is gone, its key is not yet
            orphan = delete(self.name, {"jobId": key}, "#job = :job", {"job": item["job"]})
            try:
                self._calls.write_together(self.name, [orphan])
            except ConditionFailed:
                return None
        return found

    def _get_some(self, job_ids: list[str]) -> dict[str, JobRecord]:
        keys = [_key(key) for job_id in dict.fromkeys(job_ids) for key in (job_id, _record_id(job_id))]
        items = {item["jobId"]["S"]: item for item in self._calls.get_many(self.name, keys)}
        return {
            job_id: _job_of(items[job_id], items[_record_id(job_id)])
            for job_id in job_ids
            if job_id in items and _record_id(job_id) in items
        }

    def _change(self, job_id: str, changes: Item | None = None, *, unless_there: Item | None = None) -> Item:
        write = update(
            self.name, _key(job_id), changes or {}, unless_there=unless_there, condition="attribute_exists(#jobId)"
        )["Update"]
        try:
            item: Item = self._calls.call("update_item", self.name, **write, ReturnValues="ALL_NEW")["Attributes"]
        except ConditionFailed:
            raise self._not_found(job_id) from None
        return item

    def _not_found(self, job_id: str) -> JobNotFound:
        return JobNotFound(f"there is no job {job_id!r} in the table {self.name}; `skyburst jobs` lists them")


def _key(key: str) -> Item:
    return {"jobId": {"S": key}}


def _record_id(job_id: str) -> str:
    return f"record#{job_id}"


def _key_id(key: str) -> str:
    """A digest: an idempotency key may be longer than a key of DynamoDB, and text that UTF-8 does not have."""
    return f"key#{_digest(key)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _user(job: JobRecord) -> dict[str, Item | None]:
    """Whose it is, as the index has it: a name may be text that UTF-8 does not have, too."""
    user = job.spec.get("user")
    return {} if user is None else {"user": {"S": _digest(user)}}


def _planned(job: JobRecord) -> dict[str, Item | None]:
    plan = job.plan or {}
    if not plan.get("batches"):
        return {}
    return {
        "batches": number(plan["batches"]),
        "items": number(plan.get("items", 0)),
        "batchSize": number(plan.get("batch_size", 0)),
    }


def _same(job: JobRecord, earlier: JobRecord) -> JobRecord:
    if earlier.spec != values.decode(values.encode(job.spec)):
        same_id = earlier.job_id == job.job_id
        what = f"the id {job.job_id!r}" if same_id else f"the idempotency key {job.spec['idempotency_key']!r}"
        raise IdempotencyConflict(
            f"{what} belongs to job {earlier.job_id}, whose specification differs: use another one"
        )
    return earlier


def _job_of(head: Item, record: Item) -> JobRecord:
    stored = record["record"]
    document = values.decode(stored["S"]) if "S" in stored else _whole(rows.unpack(stored))
    cancel_requested = head["cancel"]["BOOL"]
    return JobRecord(**{**document, "state": JobState(document["state"]), "cancel_requested": cancel_requested})


def _once(document: dict[str, Any]) -> dict[str, Any]:
    """A record's document in which parameters that are as the specification gave them are named only: they may be long."""
    given = document["spec"].get("parameters", {})
    as_given = [
        name
        for name, value in document["parameters"].items()
        if name in given and values.encode(value) == values.encode(given[name])
    ]
    parameters = {name: None if name in as_given else value for name, value in document["parameters"].items()}
    return {**document, "parameters": parameters, "as_given": as_given}


def _whole(document: dict[str, Any]) -> dict[str, Any]:
    """The document that `_once` was given."""
    as_given = document.pop("as_given", [])
    given = document["spec"].get("parameters", {})
    return {**document, "parameters": document["parameters"] | {name: given[name] for name in as_given}}


def _head_of(item: Item) -> Head:
    return Head(
        JobState(item["state"]["S"]),
        rows.whole(item, "run"),
        item["cancel"]["BOOL"],
        rows.whole(item, "shards") or None,
        rows.whole(item, "ttl") or None,
        Numbers(rows.whole(item, "batches"), rows.whole(item, "items"), rows.whole(item, "batchSize")),
    )
