"""The training loop. There is one."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sightline.core.config import save_yaml
from sightline.core.console import progress, say
from sightline.core.errors import SightlineError
from sightline.models.policy import Policy
from sightline.train.checkpoint import last_checkpoint, load_training_state, restore_optimiser, save_checkpoint
from sightline.train.config import OptimiserConfig, TrainConfig
from sightline.train.muon import Muon, hidden_matrices
from sightline.train.objectives import Objective

Evaluate = Callable[[], dict[str, float]]


def make_optimiser(system: torch.nn.Module, config: OptimiserConfig) -> Muon:
    """Muon or AdamW with groups for each top-level module; norms, biases and embeddings do not decay."""
    children = [name for name, _ in system.named_children()]
    for name in [*config.rates, *config.freeze]:
        if name not in children:
            raise SightlineError(
                f"The system has no module '{name}' to set a rate for or freeze; it has {', '.join(children)}."
            )
    matrices = {id(weight) for weight in hidden_matrices(system)} if config.muon else set()
    groups: dict[tuple[str, bool, bool], list[Tensor]] = {}
    for name, parameter in system.named_parameters():
        module = name.split(".")[0]
        parameter.requires_grad_(module not in config.freeze)
        if parameter.requires_grad:
            decays = parameter.ndim > 1 and "embed" not in name
            groups.setdefault((module, decays, id(parameter) in matrices), []).append(parameter)
    rows = [
        {
            "params": parameters,
            "rate": config.rates.get(module, config.rate),
            "weight_decay": config.weight_decay if decays else 0.0,
            "muon": muon,
        }
        for (module, decays, muon), parameters in groups.items()
    ]
    return Muon(rows, config.rate, config.betas)


def rate_factor(config: OptimiserConfig, step: int, done: float) -> float:
    """Share of the full learning rate at update ``step`` when ``done`` (0..1) of the run is over."""
    warm = min(1.0, (step + 1) / max(config.warmup, 1))
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return warm * (config.minimum + (1 - config.minimum) * cosine)


class Trainer:
    """Runs objectives to the end of the step or time budget, with exact resume.

    Every random draw is a function of (seed, step), so the state to restore is weights, optimiser, step and time.
    """

    def __init__(
        self, run: Path, stage: str, policy: Policy, objectives: Sequence[Objective], config: TrainConfig,
        evaluate: Evaluate,
    ) -> None:  # fmt: skip
        self.run, self.stage, self.policy, self.objectives = run, stage, policy, objectives
        self.config, self.evaluate = config, evaluate
        self.system = policy.system
        self.optimiser = make_optimiser(self.system, config.optimiser)
        self.step, self.elapsed, self.samples = 0, 0.0, 0
        self.metrics: dict[str, float] = {}
        run.mkdir(parents=True, exist_ok=True)
        if (checkpoint := last_checkpoint(run)) is not None:
            self._resume(checkpoint)
        save_yaml(config, run / "config.yaml")

    def _resume(self, checkpoint: Path) -> None:
        state, tensors = load_training_state(checkpoint)
        stored = Policy.from_pretrained(checkpoint / "policy")
        if stored.config != self.policy.config:
            raise SightlineError(
                f"{self.run} holds a run with another model configuration; choose another --out folder."
            )
        self.system.load_state_dict(stored.system.state_dict())
        restore_optimiser(self.optimiser, self.system, tensors)
        self.step, self.elapsed, self.samples = state["step"], state["elapsed"], state["samples"]
        self.metrics = state["metrics"]
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
        config, log = self.config, _Log(self.run, self.step)
        started, before = time.monotonic(), self.elapsed
        # By the clock there is no telling how many steps it will be; the bar then shows the share of time instead.
        total = None if config.minutes else config.steps
        with progress(total, self.stage, unit="step", done=self.step) as bar, log:
            for batches in self._batches():
                losses, count = self._update(batches)
                self.step += 1
                self.samples += count
                self.elapsed = before + time.monotonic() - started
                rate = self.samples / max(self.elapsed, 1e-9)
                left = f"{max(0.0, config.minutes - self.elapsed / 60):.1f} min"
                times = {"left": left} if config.minutes else {}
                bar.update(1, loss=round(losses["loss"], 4), samples_per_s=round(rate, 1), **times)
                if self.step % config.log_every == 0:
                    log.write(self.step, {**losses, "samples_per_second": rate, "elapsed": self.elapsed})
                ends = self.done >= 1.0
                if self.step % config.evaluate_every == 0 or ends:
                    self.metrics = self._evaluate()
                    log.write(self.step, self.metrics)
                if self.step % config.save_every == 0 or ends:
                    self._save()
        return self.result()

    def result(self) -> dict[str, float]:
        """The last metrics, with ``steps``, ``samples_per_second`` and ``seconds`` of the whole run."""
        rate = self.samples / max(self.elapsed, 1e-9)
        return {**self.metrics, "steps": self.step, "samples_per_second": rate, "seconds": self.elapsed}

    def _batches(self) -> Iterator[list[Any]]:
        """The batches of each step still to come; the next is prepared while this one is learned from."""
        with ThreadPoolExecutor(1) as pool:
            waiting = None
            while self.done < 1.0:
                current = waiting or pool.submit(self._draw, self.step, self.done)
                batches = current.result()
                waiting = pool.submit(
                    self._draw,
                    self.step + 1,
                    (self.step + 1) / self.config.steps if not self.config.minutes else self.done,
                )
                yield batches

    def _draw(self, step: int, done: float) -> list[Any]:
        return [objective.batch(step, done) for objective in self.objectives]

    def _update(self, batches: Sequence[Any]) -> tuple[dict[str, float], int]:
        """One update on the weighted sum of the objectives' losses (one backward pass, one optimiser step)."""
        config, device = self.config, self.policy.device
        torch.manual_seed(config.seed * 1_000_003 + self.step)
        self.system.train()
        factor = rate_factor(config.optimiser, self.step, self.done)
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * factor
        total, numbers, count = torch.zeros((), device=device), {}, 0
        for objective, batch in zip(self.objectives, batches, strict=True):
            if batch is None:
                continue
            with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16"):
                loss, terms, samples = objective.loss(self.system, to_device(batch, device))
            total = total + objective.weight * loss
            count += samples
            numbers[objective.name] = loss.detach()
            numbers |= {f"{objective.name}/{name}": term.detach() for name, term in terms.items()}
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.system.parameters(), config.optimiser.clip)
        if not bool(torch.isfinite(norm)):
            raise SightlineError(
                f"The gradient at step {self.step} is not finite: lower optimiser.rate or look for damaged data."
            )
        self.optimiser.step()
        values = {name: float(value) for name, value in numbers.items()}
        return {"loss": float(total.detach()), **values, "gradient_norm": float(norm), "rate": factor}, count

    def _evaluate(self) -> dict[str, float]:
        self.system.eval()
        return self.evaluate()

    def _save(self) -> None:
        state = {"elapsed": self.elapsed, "samples": self.samples, "metrics": self.metrics}
        result = {name: round(value, 4) for name, value in self.result().items()}
        self.policy.notes = {
            **self.policy.notes,
            self.stage: {**self.policy.notes.get(self.stage, {}), "result": result},
        }
        save_checkpoint(self.run, self.step, self.policy, self.optimiser, state)


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


class _Log:
    """``metrics.jsonl`` (always) and TensorBoard events; a resumed run drops lines past its step."""

    def __init__(self, run: Path, step: int) -> None:
        self.path = run / "metrics.jsonl"
        self.tensorboard = run / "tensorboard"
        if self.path.exists():
            kept = [
                line
                for line in self.path.read_text().splitlines()
                if line.endswith("}") and json.loads(line)["step"] <= step
            ]
            self.path.write_text("".join(f"{line}\n" for line in kept))

    def __enter__(self) -> _Log:
        from torch.utils.tensorboard import SummaryWriter

        self.file = self.path.open("a")
        self.writer = SummaryWriter(str(self.tensorboard))
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        self.writer.close()

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """One line, flushed: it is there even if the process dies now."""
        self.file.write(json.dumps({"step": step, **numbers}) + "\n")
        self.file.flush()
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)


__all__ = ["Trainer", "make_optimiser", "rate_factor"]
