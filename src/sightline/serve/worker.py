"""One thread that infers for all clients: what waits together is computed together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from sightline.core.errors import SightlineError
from sightline.serve.jobs import Done, Job
from sightline.serve.refusal import BUSY, QUEUE_TIMEOUT, STOPPING, Refusal
from sightline.serve.served import Served


class Worker:
    """Does jobs in a thread of its own, in their order, those that may be joined in batches.

    Args:
        served: the policy; only this thread touches it.
        max_batch: observations, or pictures, computed together.
        max_queue: jobs that may wait.
    """

    def __init__(self, served: Served, max_batch: int = 8, max_queue: int = 32) -> None:
        self.served, self.max_batch, self.max_queue = served, max_batch, max_queue
        self._jobs: deque[Job | tuple[Callable[[], Any], Future[Any]]] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return self._waiting

    def submit(self, job: Job) -> Future[Done]:
        """Queue a job. Raises Refusal when too many wait."""
        with self._changed:
            if self._stopping:
                raise Refusal("The server is stopping; ask again when it is back.", code=STOPPING)
            if self._waiting >= self.max_queue:
                raise Refusal(
                    f"The server is busy: {self._waiting} requests wait already; ask again a little later.", code=BUSY
                )
            self._waiting += 1
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def call(self, function: Callable[[], Any]) -> Future[Any]:
        """Queue something else that touches the policy; it is never refused."""
        future: Future[Any] = Future()
        with self._changed:
            self._jobs.append((function, future))
            self._changed.notify()
        return future

    def stop(self) -> None:
        """Finish what is queued, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    # ---- in the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._stopping)
                if not self._jobs:
                    return
                first = self._jobs.popleft()
                jobs = self._joined(first) if isinstance(first, Job) else []
                self._waiting -= len(jobs)
            if isinstance(first, Job):
                if current := [job for job in jobs if self._wanted(job)]:
                    self._compute(current)
            else:
                _settle(first[1], first[0])

    def _joined(self, first: Job) -> list[Job]:
        """``first`` and what may be computed with it, taken out of the queue."""
        jobs = [first]
        for job in [job for job in self._jobs if isinstance(job, type(first))]:
            if sum(one.size for one in jobs) + job.size > self.max_batch:
                break
            if job.joins(jobs):
                jobs.append(job)
                self._jobs.remove(job)
        return jobs

    @staticmethod
    def _wanted(job: Job) -> bool:
        """Whether anybody still waits for a job; who has waited too long is told."""
        if not job.future.set_running_or_notify_cancel():
            return False
        waited = time.monotonic() - job.queued
        if time.monotonic() <= job.until:
            return True
        message = f"The request waited {waited:.1f} s in the queue and was not begun in the time it had."
        job.future.set_exception(Refusal(message, code=QUEUE_TIMEOUT))
        return False

    def _compute(self, jobs: Sequence[Job]) -> None:
        began = time.monotonic()
        try:
            results, split = jobs[0].compute(self.served, jobs)
        except SightlineError as error:
            if len(jobs) == 1:
                jobs[0].future.set_exception(error)
            for job in jobs if len(jobs) > 1 else ():  # one of them is wrong; the others are answered
                self._compute([job])
            return
        except BaseException as error:
            for job in jobs:
                job.future.set_exception(error)
            return
        milliseconds, batch = 1000 * (time.monotonic() - began), sum(job.size for job in jobs)
        for job, mine in zip(jobs, results, strict=True):
            times = {"queue": 1000 * (began - job.queued), "infer": milliseconds, **split}
            job.future.set_result(Done(mine, times, batch))


def _settle(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
