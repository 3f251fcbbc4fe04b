"""The command ``sightline``: one dataclass a command, each calls one function of the rooms below.

Everything heavy is imported when a command runs, so that help is instant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, get_type_hints

import tyro

from sightline.cli.assets import assets
from sightline.cli.compare import Compare
from sightline.cli.convert import Convert
from sightline.cli.export import Export
from sightline.cli.generate import Generate
from sightline.cli.labels import Annotate, Audit, Questions
from sightline.cli.options import (
    COLLECTION_NAMES,
    ROBOT_NAMES,
    TASK_NAMES,
    Backend,
    File,
    Folder,
    Folders,
    Json,
    OptionalFolder,
    acting,
    newest_policy,
)
from sightline.cli.plan import Plan
from sightline.cli.play import Play
from sightline.cli.serve import Serve
from sightline.cli.train import Posttrain, Pretrain
from sightline.core.console import run_command, write_json
from sightline.core.errors import SightlineError
from sightline.core.outputs import Output, Unwritten, require_writable
from sightline.core.runtime import prepare_process
from sightline.core.types import EXECUTE
from sightline.engine.collections import FULL, STARTER
from sightline.engine.robots import DEFAULT
from sightline.tasks.kinds import PLACE

# `--set steps=100 --set batch=8`: any key of the configuration, nested ones with dots.


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
class Merge:
    """Join datasets; shards 0, 1, 2, ... of one recipe give the very dataset that one machine would have made."""

    datasets: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="DIR..")]
    """Dataset folders, in order."""
    out: Folder
    """Folder of the whole. An interrupted merge is continued."""
    json: Json = None
    """Write the result here: episodes, frames, content_hash, recipe."""

    def run(self) -> dict:
        from sightline.engine.generation.merge import merge

        return merge(list(self.datasets), self.out)


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
class Evaluate:
    """Run a policy in closed loop and report its success rate; or, with --suite grounding, measure its grounding."""

    policy: str
    """Run or checkpoint folder, tiny, libero or widowx (they ship with the package), expert (scripted), replay:DIR
    (recorded actions) or ws://HOST:PORT (a policy server)."""
    backend: Backend = ""
    suite: str = "tabletop"
    """tabletop: closed loop in the simulator. grounding: boxes, points and traces against a dataset's labels. openloop:
    what the policy would do at every moment of recorded episodes, beside what was done. libero_spatial, libero_object,
    libero_goal, libero_10, libero_90 and LIBERO-PRO's (libero_object_swap, ... _lan, _object, _task): closed loop in
    LIBERO, after 'make setup-libero'. simpler_widowx: SimplerEnv's four tasks, after 'make setup-simpler'.
    simpler_google: where ManiSkill2_real2sim is. Options that the suite does not read are refused."""
    split: str = "seen"
    """Split of the suite (tabletop only): seen, unseen or novel; with collection full seen, unseen-instance,
    unseen-kind, unseen-background, unseen-position, unseen-instruction, novel-kind or novel-instruction, each with
    tasks of the suite's 200."""
    robot: Annotated[
        str,
        tyro.conf.arg(
            help=f"Who does it (tabletop only): {ROBOT_NAMES}. Left out: the recorded one in a replay, else {DEFAULT}."
        ),
    ] = ""
    collection: Annotated[
        str,
        tyro.conf.arg(
            help=f"What worlds are made of (tabletop only): {COLLECTION_NAMES}. Left out: {STARTER}, or {FULL} for the "
            "splits that it alone has."
        ),
    ] = ""
    tasks: Annotated[
        str,
        tyro.conf.arg(
            help=f"What is to be done (tabletop only): {TASK_NAMES}. Left out: the suite's own tasks with collection "
            f"{FULL}, else {PLACE}."
        ),
    ] = ""
    phrasing: Literal["plain", "train", "unseen", "novel"] | None = None
    """Words of the instructions (tabletop) or questions (grounding). train, unseen, novel: the same tasks in synonyms
    and paraphrases; those of unseen are in no demonstration, those of novel in no data at all. Left out: as the split
    says, else plain."""
    episodes: int = 100
    """Number of episodes (grounding: of pictures; openloop: of each dataset)."""
    seed: int = 0
    """Seed of the episodes; the same seed gives the same episodes for every policy."""
    rows: File = None
    """Add a row (JSON line) here as each episode ends, forced to the disk. Repeat the command to continue one that was
    interrupted: what is there is not run again, and other settings are refused by name (closed loop only)."""
    shard: str = ""
    """Run a part alone, K/N with K from 0 to N - 1, such as 0/4; join makes one result of all their rows (closed loop
    only)."""
    video: OptionalFolder = None
    """Write films of episodes here, with the predicted box, points and trace drawn."""
    films: int = 24
    """Number of episodes that are filmed, the first ones (with --video)."""
    report: File = None
    """Write an HTML report here."""
    data: Folders = ()
    """Dataset folders: labelled ones for the suite grounding, recorded ones for openloop."""
    probes: tuple[str, ...] = ()
    """Some of the probes as told, flip, paraphrase, absent, nonsense, blank, point, box, trace; left out: all (suite
    probes only)."""
    absent: float = 0.0
    """Share of the questions for something that is not there (suite grounding only)."""
    embodiment: str = "sightline"
    """How to read recorded datasets (suite openloop only), see posttrain."""
    probe: int = 0
    """Scenes of the listening probe: the same scene with another target noun; 0 skips it."""
    execute: int = EXECUTE
    """Actions of a chunk that are executed before the policy looks again."""
    handling: Literal["receding", "ensemble", "adaptive"] = "receding"
    """Where chunks overlap: receding takes the newest, ensemble an average that trusts older ones more, adaptive one
    that trusts those more that agree with the newest (as published policies of SimplerEnv do)."""
    window: int = 7
    """Chunks of an adaptive average. InternVLA-M1: 7 on WidowX, 3 in LIBERO, with --execute 1."""
    batch: int | None = None
    """Environments that a process steps together, so that the policy acts in batches. Left out: 4, with LIBERO and
    SimplerEnv 1 (each of their worlds takes 2 and 0.7 GB)."""
    workers: int = 2
    """Processes (with --launcher ray: CPUs of the cluster) that simulate and render."""
    launcher: Literal["local", "ray"] = "local"
    """Processes of this machine, or an existing Ray cluster (RAY_ADDRESS, else the one on this machine), which needs
    the policy's folder at the same place (closed loop only)."""
    interface: Literal["sightline", "official", "m1"] = "sightline"
    """How LIBERO and SimplerEnv are seen and moved. official: as published policies expect it (pictures of 224 pixels,
    mirrored with LIBERO, actions as in their training data, no state). m1: LIBERO as in InternVLA-M1's own evaluation,
    official without the wrist camera."""
    wider: float = 0.0
    """Metres by which the regions of the start reach farther than in LIBERO's problem files (LIBERO only): episodes
    begin in layouts drawn there instead of the official initial states. 0.035 is as wide as demonstrations are."""
    most_steps: int | None = None
    """Most steps of an episode (simpler_widowx only). Left out: as published, 60, with the eggplant 120."""
    json: Json = None
    """Write the result here: success_rate, ci95, episodes; or box_acc50, point_acc, trace_mae_px; or
    open_loop_error."""

    def run(self) -> dict:
        from sightline.evaluate.run import evaluate

        return evaluate(acting(self.policy, self.backend), self.suite, **self.given())

    def given(self) -> dict[str, Any]:
        """The suite's options that differ from their defaults: it refuses those that it does not read."""
        options = [option for option in fields(self) if option.name not in ("policy", "backend", "suite", "json")]
        values = {option.name: (getattr(self, option.name), option.default) for option in options}
        return {name: value for name, (value, default) in values.items() if value != default}


@dataclass(frozen=True)
class Join:
    """Join the rows of an evaluation's shards into its result; or show again what a file of rows holds."""

    rows: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE..")]
    """Files that evaluate --rows has written: all shards of one evaluation, or a whole one."""
    films: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of the films that the rows name, for the report."""
    report: File = None
    """Write an HTML report here."""
    json: Json = None
    """Write the result here: success_rate, ci95, success_any_time, episodes, settings."""

    def run(self) -> dict:
        from sightline.evaluate.join import join

        return join(self.rows, self.report, self.films)


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
        from sightline.evaluate.ground_image import ground

        return ground(newest_policy(self.policy), self.image, self.text, self.out)


@dataclass(frozen=True)
class Calibrate:
    """Make a policy's confidence what it says: the share of its boxes that are right, measured on labelled pictures."""

    policy: str
    """Run or checkpoint folder, or tiny (ships with the package)."""
    data: Folders
    """Labelled datasets that the policy has not learned from."""
    out: Folder
    """Folder of the calibrated policy."""
    pictures: int = 150
    """Number of pictures that it is asked about."""
    seed: int = 0
    """Seed of the choice of pictures and questions."""
    json: Json = None
    """Write the result here: calibration, calibration_error before and after, questions."""

    def run(self) -> dict:
        from sightline.evaluate.calibrate import calibrate

        return calibrate(newest_policy(self.policy), self.data, self.out, self.pictures, self.seed)


COMMANDS: dict[str, Callable[..., Any]] = {
    "doctor": Doctor,
    "generate": Generate,
    "merge": Merge,
    "convert": Convert,
    "inspect": Inspect,
    "audit": Audit,
    "questions": Questions,
    "annotate": Annotate,
    "pretrain": Pretrain,
    "posttrain": Posttrain,
    "evaluate": Evaluate,
    "join": Join,
    "compare": Compare,
    "ground": Ground,
    "calibrate": Calibrate,
    "export": Export,
    "serve": Serve,
    "play": Play,
    "plan": Plan,
    "assets": assets,
}


def parse(arguments: Sequence[str] | None = None) -> Command:
    """The command that the arguments (default: those of the process) describe. Exits on --help and on misuse."""
    return tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        prog="sightline",
        description="Spatially guided vision-language-action policies: first where to act, then how to act.",
        args=arguments,
        config=(tyro.conf.FlagConversionOff, tyro.conf.OmitSubcommandPrefixes),
    )


def outputs_of(command: Command) -> Iterator[tuple[Path, Output]]:
    """What a command will write, as far as it was asked to."""
    for name, kind in get_type_hints(type(command), include_extras=True).items():
        path = getattr(command, name)
        for mark in getattr(kind, "__metadata__", ()):
            if isinstance(mark, Output) and path is not None:
                yield path, mark


def execute(command: Command) -> None:
    """Run a command, write its JSON result, and raise SightlineError where the result itself is a failure."""
    prepare_process()
    for path, output in outputs_of(command):
        require_writable(path, output.folder)
    late: Unwritten | None = None
    try:
        result = command.run()
    except Unwritten as error:
        late, result = error, error.result
    if command.json is not None:
        write_json(command.json, result)
    if late is not None:
        raise late
    if isinstance(command, Doctor) and not result["ok"]:
        missing = ", ".join(check["name"] for check in result["checks"] if check["required"] and not check["ok"])
        raise SightlineError(f"This machine is not ready ({missing}); the lines above say how to mend it.")
    if isinstance(command, Audit) and result["problems"]:
        raise SightlineError(
            f"The labels fail the audit ({len(result['problems'])} problems); the lines above and --json say where."
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command line."""
    sys.exit(run_command(lambda: execute(parse(arguments))))
