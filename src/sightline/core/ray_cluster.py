"""A Ray cluster, where there is one: its CPUs run functions of ours.

Tasks rather than actors: when machines leave, what they had waits for a free CPU of those that stay.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from sightline.core.errors import SightlineError

RETRIES = 3
"""Times that a task is started again whose worker or machine has died."""

ENVIRONMENT = ("OMP_WAIT_POLICY", "LP_NUM_THREADS", "MUJOCO_GL")


class RayCluster:
    """The cluster of RAY_ADDRESS, else the one that runs on this machine; leaving its block ends all work.

    Raises SightlineError when Ray is not installed or no cluster answers.
    """

    def __init__(self) -> None:
        try:
            import ray
        except ImportError:
            raise SightlineError(
                "Ray is not installed: pip install 'sightline[ray]', or use --launcher local."
            ) from None
        try:
            ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), log_to_driver=False, logging_level=logging.ERROR)
        except ConnectionError:
            raise SightlineError(
                "No Ray cluster answers: start one with `ray start --head`, set RAY_ADDRESS, or use --launcher local."
            ) from None
        self.ray = ray

    def __enter__(self) -> RayCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ray.shutdown()

    def task(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` on one CPU of the cluster: calls return at once, with what :meth:`done` and :meth:`result` ask
        for."""
        environment = {"env_vars": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}}
        return self.ray.remote(function).options(num_cpus=1, max_retries=RETRIES, runtime_env=environment).remote

    def share(self, value: Any) -> Any:
        """A value that many tasks are given, sent to each machine once."""
        return self.ray.put(value)

    def done(self, calls: Iterable[Any]) -> list[Any]:
        """Some of these calls, as soon as any has ended."""
        return self.ray.wait(list(calls))[0]

    def result(self, call: Any, lost: str) -> Any:
        """What a call returned; its SightlineError as it was raised there.

        Args:
            lost: what is said, with ``{reason}``, where its worker or machine died again and again.
        """
        try:
            return self.ray.get(call)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, SightlineError):
                raise SightlineError(str(error.cause)) from None
            raise
        except self.ray.exceptions.RayError as error:
            raise SightlineError(lost.format(reason=str(error).strip().splitlines()[0])) from None
