"""The command ``sightline``: one dataclass a command, each calls one function of the rooms below.

Everything heavy is imported when a command runs, so that help is instant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import tyro

from sightline.core.console import run_command, write_json
from sightline.core.errors import SightlineError
from sightline.core.runtime import prepare_process
from sightline.core.types import EXECUTE

# `--set steps=100 --set batch=8`: any key of the configuration, nested ones with dots.
Overrides = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set", metavar="KEY=VALUE", help_behavior_hint="")
]
Json = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
File = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
Folder = Annotated[Path, tyro.conf.arg(metavar="DIR")]
Folders = Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DIR..")]


class Command(Protocol):
    """What every command below is."""

    json: Path | None

    def run(self) -> dict:
        """Do the work and return the result that ``--json`` writes."""


@dataclass(frozen=True)
class Doctor:
    """Check rendering, torch, threads, disk and optional parts; say what is missing and how to install it."""

    json: Json = None
    """Write the result here: ok, checks."""

    def run(self) -> dict:
        from sightline.doctor import doctor

        return doctor()


@dataclass(frozen=True)
class Generate:
    """Run the data engine: a LeRobot v3.0 dataset of verified episodes with box, point and trace labels."""

    out: Folder
    """Dataset folder. An interrupted dataset is continued."""
    episodes: int
    """Number of verified episodes (with --kind scenes: of slide shows, 16 labelled scenes each)."""
    seed: int = 0
    """Seed of the dataset; the same seed gives the same episodes for any number of workers."""
    kind: Literal["episodes", "scenes"] = "episodes"
    """episodes: the expert's actions with both cameras. scenes: unrelated still scenes for grounding pre-training."""
    split: str = "train"
    """Which objects, colours and phrases may appear."""
    workers: int = 2
    """Processes that simulate and render."""
    renders_per_plan: int = 1
    """Times each plan is rendered with other lights, textures and cameras."""
    size: int = 224
    """Height and width of the pictures, pixels."""
    json: Json = None
    """Write the result here: episodes, attempts, frames, seconds, content_hash."""

    def run(self) -> dict:
        from sightline.engine.generate import generate

        return generate(
            out=self.out,
            episodes=self.episodes,
            seed=self.seed,
            kind=self.kind,
            split=self.split,
            workers=self.workers,
            renders_per_plan=self.renders_per_plan,
            size=self.size,
        )


@dataclass(frozen=True)
class Inspect:
    """Summarise and check a dataset; with --html, a page of pictures with overlays and plots."""

    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Dataset folder."""
    html: File = None
    """Write the page here."""
    json: Json = None
    """Write the result here: episodes, frames, problems."""

    def run(self) -> dict:
        from sightline.data.inspect import inspect

        return inspect(self.dataset, html=self.html)


@dataclass(frozen=True)
class Pretrain:
    """Stage 1, where to act: the planner learns boxes, points and traces from instructions."""

    data: Folders
    """Dataset folders (made with generate, either kind)."""
    out: Folder
    """Run folder. An interrupted run is continued."""
    preset: str = "tiny"
    """Size of the model and length of the training."""
    overrides: Overrides = ()
    """Change any configuration key, e.g. --set steps=100 --set batch=8."""
    json: Json = None
    """Write the result here: steps, samples_per_second, box_acc50, point_acc, trace_mae_px."""

    def run(self) -> dict:
        from sightline.train.stages import pretrain

        return pretrain(list(self.data), self.out, self.preset, list(self.overrides))


@dataclass(frozen=True)
class Posttrain:
    """Stage 2, how to act: the dual system learns actions, guided by the planner, and keeps its grounding."""

    data: Folders
    """Dataset folders with episodes."""
    out: Folder
    """Run folder. An interrupted run is continued."""
    init: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run or checkpoint folder of stage 1; left out with --guidance none."""
    guidance: Literal["spatial", "none"] = "spatial"
    """none: the vanilla policy that spatial guidance is compared with, trained from scratch."""
    preset: str = "tiny"
    """Size of the model and length of the training."""
    overrides: Overrides = ()
    """Change any configuration key, e.g. --set steps=100 --set batch=8."""
    json: Json = None
    """Write the result here: steps, samples_per_second, action_loss, box_acc50."""

    def run(self) -> dict:
        from sightline.train.stages import posttrain

        return posttrain(list(self.data), self.init, self.out, self.guidance, self.preset, list(self.overrides))


@dataclass(frozen=True)
class Evaluate:
    """Run a policy in closed loop and report its success rate; or, with --suite grounding, measure its grounding."""

    policy: str
    """Run or checkpoint folder, tiny (ships with the package), expert (scripted) or replay:DIR (recorded actions)."""
    suite: str = "tabletop"
    """tabletop: closed loop in the simulator. grounding: boxes, points and traces against a dataset's labels."""
    split: str = "seen"
    """Split of the suite."""
    episodes: int = 100
    """Number of episodes (grounding: of pictures)."""
    seed: int = 0
    """Seed of the episodes; the same seed gives the same episodes for every policy."""
    video: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Write films of episodes here, with the predicted box, points and trace drawn."""
    films: int = 24
    """Number of episodes that are filmed, the first ones (with --video)."""
    report: File = None
    """Write an HTML report here."""
    data: Folders = ()
    """Dataset folders with labels (suite grounding only)."""
    probe: int = 0
    """Scenes of the listening probe: the same scene with another target noun; 0 skips it."""
    execute: int = EXECUTE
    """Actions of a chunk that are executed before the policy looks again."""
    handling: Literal["receding", "ensemble"] = "receding"
    """Where chunks overlap: receding takes the newest, ensemble an average that trusts older ones more."""
    batch: int = 4
    """Environments that a process steps together, so that the policy acts in batches."""
    workers: int = 2
    """Processes that simulate and render."""
    json: Json = None
    """Write the result here: success_rate, ci95, episodes; or box_acc50, point_acc, trace_mae_px."""

    def run(self) -> dict:
        from sightline.evaluate.run import evaluate

        return evaluate(
            policy=newest_policy(self.policy),
            suite=self.suite,
            split=self.split,
            episodes=self.episodes,
            seed=self.seed,
            video=self.video,
            report=self.report,
            data=list(self.data),
            workers=self.workers,
            execute=self.execute,
            handling=self.handling,
            batch=self.batch,
            films=self.films,
            probe=self.probe,
        )


@dataclass(frozen=True)
class Ground:
    """Ask the planner about one picture: the boxes, points and trace that an instruction means."""

    policy: str
    """Run or checkpoint folder, or tiny (ships with the package)."""
    image: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """The picture (PNG or JPEG)."""
    text: str
    """An instruction ("put the red mug into the bowl") or the name of a thing ("the red mug")."""
    out: File = None
    """Write the picture with the answer drawn here."""
    json: Json = None
    """Write the result here: boxes, points, trace (pixels of the picture), text."""

    def run(self) -> dict:
        from sightline.evaluate.ground import ground

        return ground(newest_policy(self.policy), self.image, self.text, self.out)


@dataclass(frozen=True)
class AssetsList:
    """Table of the object kinds: category, noun, instances in each split."""

    collection: Literal["starter", "full"] = "full"
    """Which objects: the small catalogue of the first datasets, or all families."""
    json: Json = None
    """Write the result here: kinds, objects, splits, rows."""

    def run(self) -> dict:
        from sightline.engine.assets.listing import list_objects

        return list_objects(self.collection)


@dataclass(frozen=True)
class AssetsSheet:
    """Contact sheet: a picture of many objects of the full collection with their names."""

    out: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """Picture file, .png or .jpg."""
    count: int = 300
    """Number of objects, spread evenly over the kinds."""
    kinds: tuple[str, ...] = ()
    """Only these kinds, e.g. --kinds mug "toy car"; all by default."""
    seed: int = 0
    """Which instances are shown."""
    colliders: bool = False
    """Show the collision pieces instead of what is seen."""
    json: Json = None
    """Write the result here: objects, kinds, width, height."""

    def run(self) -> dict:
        from sightline.engine.assets.listing import draw_objects

        return draw_objects(self.out, self.count, self.kinds, self.seed, self.colliders)


@dataclass(frozen=True)
class Assets:
    """Look at the objects that scenes are made of."""

    action: Annotated[
        Annotated[AssetsList, tyro.conf.subcommand("list", prefix_name=False)]
        | Annotated[AssetsSheet, tyro.conf.subcommand("sheet", prefix_name=False)],
        tyro.conf.arg(name=""),
    ]

    @property
    def json(self) -> Path | None:
        """Where the action writes its result."""
        return self.action.json

    def run(self) -> dict:
        return self.action.run()


def newest_policy(policy: str) -> str:
    """What ``--policy`` means: of a training run its newest policy, everything else as it is."""
    newest = Path(policy, "checkpoints", "last", "policy")
    return str(newest) if newest.is_dir() else policy


COMMANDS: dict[str, Callable[..., Any]] = {
    "doctor": Doctor,
    "generate": Generate,
    "inspect": Inspect,
    "pretrain": Pretrain,
    "posttrain": Posttrain,
    "evaluate": Evaluate,
    "ground": Ground,
    "assets": Assets,
}


def parse(arguments: Sequence[str] | None = None) -> Command:
    """The command that the arguments (default: those of the process) describe. Exits on --help and on misuse."""
    return tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        prog="sightline",
        description="Spatially guided vision-language-action policies: first where to act, then how to act.",
        args=arguments,
        config=(tyro.conf.FlagConversionOff,),
    )


def execute(command: Command) -> None:
    """Run a command, write its JSON result, and raise SightlineError where the result itself is a failure."""
    prepare_process()
    result = command.run()
    if command.json is not None:
        write_json(command.json, result)
    if isinstance(command, Doctor) and not result["ok"]:
        missing = ", ".join(check["name"] for check in result["checks"] if check["required"] and not check["ok"])
        raise SightlineError(f"This machine is not ready ({missing}); the lines above say how to mend it.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command line."""
    sys.exit(run_command(lambda: execute(parse(arguments))))


if __name__ == "__main__":
    main()
