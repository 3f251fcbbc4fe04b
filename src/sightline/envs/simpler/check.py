"""Whether the SimplerEnv of this machine has the benchmark's own files, and what it simulates."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from sightline.core.errors import SightlineError
from sightline.envs.simpler.environment import DATA, find_data, start_worker
from sightline.envs.simpler.protocol import LABEL
from sightline.envs.simpler.recorded import recordings_of, replay

CLOSE = 0.005  # radians between a replay and what ManiSkill 2 recorded

# Files that decide on what is seen and touched but lie in no copy that could be compared with the repository: these
# are the contents of the stand-ins that are known, by what depends on them.
STAND_INS = {
    "stages/bridge_table_1_v1.glb": ("39f502ff260015cf", "the table under spoon, carrot and cubes is a flat box"),
    "stages/bridge_table_1_v2.glb": ("39f502ff260015cf", "the table under the sink is a flat box"),
    "custom/models/eggplant/textured.glb": ("ca4bd451a0652f5b", "the eggplant looks otherwise than in the benchmark"),
}
MODELS = (
    "baked_green_cube_3cm",
    "baked_yellow_cube_3cm",
    "bridge_carrot_generated_modified",
    "bridge_plate_objaverse_larger",
    "bridge_spoon_generated_modified",
    "dummy_sink_target_plane",
    "eggplant",
    "sink",
    "table_cloth_generated_shorter",
)
# What the four tasks use: a checkout of the repository has many more files.
USED = {
    "custom": (
        "info_bridge_custom_v0.json",
        "info_bridge_custom_baked_tex_v0.json",
        *(f"models/{m}/**/*" for m in MODELS),
    ),
    "real_inpainting": ("bridge_real_eval_1.png", "bridge_sink.png"),
    "widowx": ("**/*",),
}
# Of these, as in ManiSkill2_real2sim at commit ef7a4d4.
INTACT = {
    "custom": "0acebd57bb9513e8",
    "real_inpainting": "6833197f31052c98",
    "widowx": "bb5c8647bfabbe46",
}


@dataclass(frozen=True)
class Examined:
    """What was found.

    Attributes:
        ok: whether all files are the benchmark's or known stand-ins, and what was replayed came out as recorded.
        versions: of what decides on physics and pictures.
        sentences: which files are stand-ins, what was replayed, and what that means for a figure.
    """

    ok: bool
    versions: dict[str, str]
    sentences: list[str]


def examine() -> Examined:
    """Look at the files, and replay a recorded episode where the folder of the files has one (``golden``).

    Raises SightlineError where the suite cannot be run.
    """
    folders = find_data()
    worker = start_worker()
    versions = worker.ask("hello")["versions"]
    worker.close()
    ok, said = judge(digests(folders), stand_ins(folders))
    same, replayed = _replayed(Path(os.environ[DATA]) / "golden")
    return Examined(ok and same, versions, [said, replayed])


def digests(folders: dict[str, str]) -> dict[str, str]:
    """What each folder of INTACT holds, stand-ins and what SAPIEN leaves beside meshes apart."""
    found = {}
    for name in INTACT:
        root, whole = Path(folders[name]), hashlib.sha256()
        paths = {path.relative_to(root).as_posix(): path for use in USED[name] for path in root.glob(use)}
        for place, path in sorted(paths.items()):
            if path.is_file() and f"{name}/{place}" not in STAND_INS and not place.endswith("convex.stl"):
                whole.update(f"{place} {_content(path)}\n".encode())
        found[name] = whole.hexdigest()[:16]
    return found


def stand_ins(folders: dict[str, str]) -> dict[str, bool]:
    """For each file of STAND_INS whether it is the known stand-in."""
    found = {}
    for name, (content, _) in STAND_INS.items():
        folder, _, rest = name.partition("/")
        path = Path(folders[folder]) / rest
        found[name] = path.is_file() and _content(path)[:16] == content
    return found


def judge(found: dict[str, str], standing: dict[str, bool]) -> tuple[bool, str]:
    """Whether figures may be quoted, and as what."""
    if changed := [name for name, digest in found.items() if digest != INTACT[name]]:
        return False, f"Files in {', '.join(changed)} are not the benchmark's: quote no figure from here."
    told = [about for name, (_, about) in STAND_INS.items() if standing[name]]
    other = [name for name, is_one in standing.items() if not is_one]
    sentence = "Robot, objects, photographs and layouts are the benchmark's."
    if told:
        sentence += f" Stand-ins: {'; '.join(told)}. Quote figures as '{LABEL}'."
    if other:
        sentence += f" Not compared with anything: {', '.join(other)}."
    return True, sentence


def _replayed(folder: Path) -> tuple[bool, str]:
    """Whether the first recorded episode comes out as recorded, and a sentence."""
    if not folder.is_dir():
        return True, f"No episode was replayed: {folder} is not there."
    try:
        found = replay(recordings_of(folder)[0])
    except SightlineError as error:
        return False, f"No episode could be replayed: {error}"
    outcome = "with the recorded outcome" if found.success == found.recorded else "but with another outcome"
    return found.farthest <= CLOSE and found.success == found.recorded, (
        f"The episode {found.name}, which ManiSkill 2 recorded, was replayed: joints came within {found.farthest:.4f} "
        f"rad of theirs, {outcome}."
    )


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
