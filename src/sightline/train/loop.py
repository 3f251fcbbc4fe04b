"""The training loop. There is one, for every stage and any number of devices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sightline.core.config import save_yaml
from sightline.core.console import progress, say
from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.train.adapters import add_adapters, freeze_adapted, merged
from sightline.train.checkpoint import CheckpointWriter, last_checkpoint, read_state
from sightline.train.config import TrainConfig
from sightline.train.distributed import Processes, distribute, full_weights
from sightline.train.ema import EMA
from sightline.train.log import RunLog
from sightline.train.memory import halve_frozen, recompute
from sightline.train.objectives import Objective
from sightline.train.optimiser import clip_gradients, freeze, make_optimiser, rate_factor
from sightline.train.setup import precision_of
from sightline.train.state import TrainingState

Evaluate = Callable[[], dict[str, float]]


class Trainer:
    """Runs objectives to the end of the step or time budget, with exact resume.

    An update learns from one or more micro-batches, shared among the processes of the run. Every random draw is a
    function of (seed, step, micro-batch), so the state to restore is weights, optimiser, step and time.

    Args:
        guarded: scores that this stage may cost; what is lost of them since its start is logged as
            ``forgetting/SCORE``.
    """

    def __init__(
        self,
        run: Path,
        stage: str,
        policy: Policy,
        objectives: Sequence[Objective],
        config: TrainConfig,
        evaluate: Evaluate,
        guarded: Sequence[str] = (),
    ) -> None:
        self.run, self.stage, self.policy, self.config = run, stage, policy, config
        self.objectives, self.evaluate, self.guarded = Together(objectives), evaluate, guarded
        self.system = policy.system
        self.processes = Processes.join(policy.device)
        self.parts = self.processes.share(config.micro_batches)
        self.step, self.elapsed, self.samples = 0, 0.0, 0
        self.metrics: dict[str, float] = {}
        self.start: dict[str, float] = {}
        checkpoint = self.processes.agree(last_checkpoint(run))
        if checkpoint is not None:
            self._take_over(Policy.from_pretrained(checkpoint / "policy"))
        make_trainable(self.system, config)
        self.precision = precision_of(config)
        self.replica = distribute(self.system, config, self.processes, self.precision)
        self.optimiser = make_optimiser(self.system, config.optimiser)
        self.average = EMA(self.system, config.ema) if config.ema else None
        self.state = TrainingState(self.system, self.optimiser, self.average)
        if checkpoint is not None:
            self._resume(checkpoint)
        self.writer = CheckpointWriter(run, self.processes, config.save == "async")
        if self.processes.first:
            save_yaml(config, run / "config.yaml")

    def _take_over(self, stored: Policy) -> None:
        """The weights of the run so far; those that learn, as training left them, follow in :meth:`_resume`."""
        if stored.config != self.policy.config:
            raise SightlineError(
                f"{self.run} holds a run with another model configuration; choose another --out folder."
            )
        self.system.load_state_dict(stored.system.state_dict())

    def _resume(self, checkpoint: Path) -> None:
        state = read_state(checkpoint)
        self.state.restore(checkpoint, self.processes)
        self.step, self.elapsed, self.samples = state["step"], state["elapsed"], state["samples"]
        self.metrics, self.start = state["metrics"], state["start"]
        say(f"Resuming {self.run} at step {self.step}.")
        if self.done >= 1.0:
            say("This run has used up its steps or minutes; set more of both to go on.")

    @property
    def done(self) -> float:
        """Share of the budget that is used up."""
        by_time = self.elapsed / (60 * self.config.minutes) if self.config.minutes else 0.0
        return max(self.step / self.config.steps, by_time)

    def train(self) -> dict[str, float]:
        """Train to the end of the budget; returns :meth:`result`."""
        config = self.config
        # By the clock there is no telling how many steps it will be; the bar then shows the share of time instead.
        total = None if config.minutes else config.steps
        log = RunLog(self.run, self.step, self.processes.first)
        with (
            log,
            _Ahead(self.objectives.batch) as ahead,
            progress(total, self.stage, unit="step", done=self.step) as bar,
        ):
            if self.step == 0:
                self._evaluate(log)
            started, before = time.monotonic(), self.elapsed
            while self.done < 1.0:
                losses, count = self._update(self._batches(ahead))
                self.step += 1
                self.samples += count
                # The clocks of several processes differ; the rate must not.
                self.elapsed = self.processes.agree(before + time.monotonic() - started)
                rate = self.samples / max(self.elapsed, 1e-9)
                left = f"{max(0.0, config.minutes - self.elapsed / 60):.1f} min"
                times = {"left": left} if config.minutes else {}
                bar.update(1, loss=round(losses["loss"], 4), samples_per_s=round(rate, 1), **times)
                if self.step % config.log_every == 0:
                    log.write(self.step, {**losses, "samples_per_second": rate, "elapsed": self.elapsed})
                ends = self.done >= 1.0
                if self.step % config.evaluate_every == 0 or ends:
                    self._evaluate(log)
                self.writer.check()
                if self.step % config.save_every == 0 or ends:
                    self._save()
            self.writer.wait()
        return self.result()

    def result(self) -> dict[str, float]:
        """The last metrics, with ``steps``, ``samples_per_second`` and ``seconds`` of the whole run."""
        rate = self.samples / max(self.elapsed, 1e-9)
        return {**self.metrics, "steps": self.step, "samples_per_second": rate, "seconds": self.elapsed}

    def _batches(self, ahead: _Ahead) -> Iterator[list[Any]]:
        """The micro-batches of this update that this process learns from."""
        for part in self.parts:
            yield ahead.take((self.step, self.done, part), self._after(part))

    def _update(self, batches: Iterable[list[Any]]) -> tuple[dict[str, float], int]:
        """One update on the mean loss of its micro-batches; returns named numbers and the count of samples."""
        config, device = self.config, self.policy.device
        self.system.train()
        factor = rate_factor(config.optimiser, self.step, self.done)
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        self.optimiser.zero_grad(set_to_none=True)
        learned = []
        for part, batch in zip(self.parts, batches, strict=True):
            torch.manual_seed(seed_of(config.seed, self.step, part))
            with self.replica.turn(last=part == self.parts[-1]):
                with torch.autocast(device.type, self.precision, enabled=self.precision != torch.float32):
                    loss, numbers, count = self.replica.loss(self.objectives, to_device(batch, device))
                (loss / len(self.parts)).backward()
            learned.append(({"loss": loss.detach(), **numbers}, count))
        self.replica.finish()
        norm = clip_gradients(self.system, config.optimiser.clip)
        if not bool(torch.isfinite(norm)):
            raise SightlineError(
                f"The gradient at step {self.step} is not finite: lower optimiser.rate or look for damaged data."
            )
        self.optimiser.step()
        if self.average is not None:
            self.average.update(self.step)
        mine = [({name: float(value) for name, value in numbers.items()}, count) for numbers, count in learned]
        parts = [part for share in self.processes.gather(mine) for part in share]
        numbers = mean_numbers([numbers for numbers, _ in parts])
        return {**numbers, "gradient_norm": float(norm), "rate": factor}, sum(count for _, count in parts)

    def _after(self, part: int) -> tuple[int, float, int]:
        """Step, progress and number of the micro-batch that this process learns from after ``part`` of this step."""
        if part != self.parts[-1]:
            return self.step, self.done, part + 1
        progress = self.done if self.config.minutes else (self.step + 1) / self.config.steps
        return self.step + 1, progress, self.parts[0]

    def _evaluate(self, log: RunLog) -> None:
        self.system.eval()
        with self.average.applied() if self.average is not None else nullcontext():
            metrics = self.processes.agree(self.replica.whole(self.evaluate))
        if self.step == 0:
            self.start = metrics
        lost = {f"forgetting/{name}": self.start[name] - metrics[name] for name in self.guarded if name in metrics}
        self.metrics = {**metrics, **lost}
        log.write(self.step, self.metrics)

    def _save(self) -> None:
        with self.average.applied() if self.average is not None else nullcontext():
            weights = full_weights(self.system, keep=self.processes.first)
        if self.config.lora.rank:
            weights = merged(weights, self.config.lora)
        result = {name: round(value, 4) for name, value in self.result().items()}
        notes = {**self.policy.notes.get(self.stage, {}), "result": result}
        self.policy.notes = {**self.policy.notes, self.stage: notes}
        state = {"elapsed": self.elapsed, "samples": self.samples, "metrics": self.metrics, "start": self.start}
        self.writer.save(
            self.step, self.state.tensors(), state, lambda folder: self.policy.save_pretrained(folder, weights=weights)
        )


class Together:
    """Objectives learned at once: the weighted sum of their losses, for one backward pass."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.objectives = list(objectives)

    def batch(self, step: int, progress: float, part: int = 0) -> list[Any]:
        """A batch of each objective, None for those that sit out."""
        return [objective.batch(step, progress, part) for objective in self.objectives]

    def loss(self, system: DualSystem, batches: Sequence[Any]) -> tuple[Tensor, dict[str, Tensor], int]:
        """The sum, its parts by name, and the number of samples."""
        total: Tensor | None = None
        numbers: dict[str, Tensor] = {}
        count = 0
        for objective, batch in zip(self.objectives, batches, strict=True):
            if batch is None:
                continue
            # Weights that autocast has halved once for all objectives would sum their gradients in half precision too.
            torch.clear_autocast_cache()
            loss, terms, samples = objective.loss(system, batch)
            total = objective.weight * loss if total is None else total + objective.weight * loss
            count += samples
            numbers[objective.name] = loss.detach()
            numbers |= {f"{objective.name}/{name}": term.detach() for name, term in terms.items()}
        if total is None:
            raise SightlineError("All objectives sit the same step out; let one of them learn in every step.")
        return total, numbers, count


class _Ahead:
    """Prepares each micro-batch while the one before is learned from."""

    def __init__(self, draw: Callable[[int, float, int], Any]) -> None:
        self.draw, self.pool = draw, ThreadPoolExecutor(1, "batches")
        self.waiting: dict[tuple[int, int], Future] = {}

    def __enter__(self) -> _Ahead:
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def take(self, place: tuple[int, float, int], following: tuple[int, float, int]) -> Any:
        """The micro-batch at ``place`` (step, progress, part); ``following`` is prepared from now on."""
        current = self.waiting.pop((place[0], place[2]), None) or self.pool.submit(self.draw, *place)
        batch = current.result()
        self.waiting = {(following[0], following[2]): self.pool.submit(self.draw, *following)}
        return batch


def make_trainable(system: DualSystem, config: TrainConfig) -> None:
    """Adapters, what learns and what does not, and in which form it is held."""
    if config.lora.rank:
        add_adapters(system, config.lora, config.seed)
    freeze(system, config.optimiser.freeze)
    if config.lora.rank:
        freeze_adapted(system)
    if config.frozen_precision == "bf16":
        halve_frozen(system)
    if config.recompute:
        recompute(system)


def seed_of(seed: int, step: int, part: int) -> int:
    """Where torch's random numbers of a micro-batch start."""
    if part == 0:
        return seed * 1_000_003 + step
    return int(np.random.SeedSequence([seed, step, part]).generate_state(1, np.uint64)[0])


def mean_numbers(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each number over the micro-batches that have it."""
    names = dict.fromkeys(name for numbers in parts for name in numbers)
    found = {name: [numbers[name] for numbers in parts if name in numbers] for name in names}
    return {name: sum(values) / len(values) for name, values in found.items()}


def to_device(batch: Any, device: torch.device) -> Any:
    """A batch (tensors in dataclasses, dictionaries and tuples) on ``device``."""
    if device.type == "cpu":
        return batch
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: to_device(value, device) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return type(batch)(to_device(value, device) for value in batch)
    if hasattr(batch, "to"):
        return batch.to(device)
    if hasattr(batch, "__dataclass_fields__"):
        return type(batch)(**{key: to_device(value, device) for key, value in vars(batch).items()})
    return batch


__all__ = ["Together", "Trainer", "to_device"]
