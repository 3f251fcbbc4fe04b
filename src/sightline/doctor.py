"""Checks whether this machine can run Sightline and says, for whatever is missing, the one line that mends it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sightline.core.console import say, table
from sightline.core.errors import SightlineError
from sightline.core.runtime import prepare_process
from sightline.engine.gl import select_gl

APT = "sudo apt-get install -y --no-install-recommends"
RENDER_PACKAGES = "libegl1 libgl1-mesa-dri libopengl0"
MINIMUM_DISK_GB = 2.0

# Rendering runs in a process of its own: a broken OpenGL driver ends the process instead of raising an exception.
RENDER_SCRIPT = """
import mujoco
model = mujoco.MjModel.from_xml_string('<mujoco><worldbody><light pos="0 0 2"/><geom type="box" size="1 1 .1"/>'
                                       '<camera name="c" pos="0 0 2"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
renderer = mujoco.Renderer(model, 16, 16)
renderer.update_scene(data, "c")
brightest = int(renderer.render().max())
renderer.close()
assert brightest > 0, "the picture is black"
"""


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        ok: whether it is as it should be.
        required: whether Sightline needs it.
        detail: what was seen.
        fix: the line that mends it.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    fix: str = ""


def doctor() -> dict:
    """Run all checks and print them as a table.

    Returns:
        ``ok`` (whether every required check passed) and ``checks`` (a list of dictionaries with the fields of Check).
    """
    prepare_process()
    parts: tuple[Callable[[], Check], ...] = (
        check_python,
        check_torch,
        check_torchvision,
        check_rendering,
        check_robots,
        check_video,
        check_disk,
        check_checkpoint,
        check_gpu,
        check_libero,
        check_simpler,
    )
    checks = [part() for part in parts]
    marks = {(True, True): "ok", (True, False): "ok", (False, True): "MISSING", (False, False): "optional"}
    rows = [[check.name, marks[check.ok, check.required], check.detail] for check in checks]
    table("Sightline on this machine", ["check", "", "found"], rows)
    for check in checks:
        if not check.ok and check.fix:
            say(f"{check.name}: {check.fix}", style="bold red" if check.required else "yellow")
    return {"ok": all(c.ok for c in checks if c.required), "checks": [asdict(c) for c in checks]}


def check_python() -> Check:
    """Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", sys.version_info >= (3, 11), True, version, "install Python 3.11 or newer")


def check_torch() -> Check:
    """torch and transformers import; how many threads and cores there are."""
    try:
        import torch
        import transformers
    except ImportError as error:
        return Check("torch", False, True, str(error), "pip install torch==2.13.0 'transformers>=5'")
    new_enough = int(transformers.__version__.split(".")[0]) >= 5
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    detail = f"torch {torch.__version__}, transformers {transformers.__version__}, "
    detail += f"{torch.get_num_threads()} threads on {cores} cores, OMP_WAIT_POLICY={os.environ.get('OMP_WAIT_POLICY')}"
    return Check("torch", new_enough, True, detail, "pip install 'transformers>=5'")


def check_torchvision() -> Check:
    """torchvision is absent or works: transformers imports it where it finds it, and a mismatched one breaks both."""
    if importlib.util.find_spec("torchvision") is None:
        return Check("torchvision", True, True, "not installed, not needed")
    done = _python("import torchvision")
    detail = "installed and importable" if done.returncode == 0 else _last_line(done.stderr)
    return Check("torchvision", done.returncode == 0, True, detail, "pip uninstall -y torchvision (it is not needed)")


def check_rendering() -> Check:
    """MuJoCo draws a pixel off-screen, with the chosen backend or another one."""
    chosen = select_gl()
    done = _python(RENDER_SCRIPT)
    if done.returncode == 0:
        version = importlib.metadata.version("mujoco")
        return Check("rendering", True, True, f"MuJoCo {version} draws with {chosen or 'the default backend'}")
    problem = _last_line(done.stderr) or f"the process ended with code {done.returncode}"
    for other in ("egl", "osmesa") if sys.platform.startswith("linux") else ():
        if other == chosen:
            continue
        if _python(RENDER_SCRIPT, MUJOCO_GL=other, PYOPENGL_PLATFORM=other).returncode == 0:
            return Check("rendering", False, True, f"{chosen} fails, {other} works", f"export MUJOCO_GL={other}")
    return Check("rendering", False, True, problem, f"{APT} {RENDER_PACKAGES}")


def check_robots() -> Check:
    """The MJCF files of all robots are installed (robosuite is never imported, only its folder is used)."""
    from sightline.engine.robots import ROBOTS, robot
    from sightline.engine.robots.meshes import read_model

    try:
        for name in ROBOTS:
            read_model(robot(name).arm.model)
            robot(name).gripper.build()
    except SightlineError as error:
        return Check("robots", False, True, str(error), "pip install --no-deps robosuite==1.5.2")
    version = importlib.metadata.version("robosuite")
    return Check("robots", True, True, f"{', '.join(ROBOTS)} (files of robosuite {version})")


def check_video() -> Check:
    """PyAV encodes and decodes H.264."""
    try:
        import av
        import numpy as np

        buffer = io.BytesIO()
        with av.open(buffer, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            for value in (0, 100, 200):
                picture = np.full((32, 32, 3), value, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        buffer.seek(0)
        with av.open(buffer, "r") as reader:
            frames = [frame.to_ndarray(format="rgb24") for frame in reader.decode(video=0)]
        ok = len(frames) == 3 and abs(int(frames[2].mean()) - 200) < 5
        return Check("video", ok, True, f"PyAV {av.__version__}, H.264", "pip install --force-reinstall av")
    except Exception as error:  # whatever a codec library raises is the finding
        return Check("video", False, True, f"{type(error).__name__}: {error}", "pip install --force-reinstall av")


def check_disk() -> Check:
    """There is room for a dataset and a run in the present folder."""
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Check("disk", free >= MINIMUM_DISK_GB, True, f"{free:.0f} GB free here", f"free {MINIMUM_DISK_GB:.0f} GB")


def check_checkpoint() -> Check:
    """The checkpoints that ship with the package are there."""
    found = sorted((Path(__file__).parent / "checkpoints").glob("*/model.safetensors"))
    if found:
        told = ", ".join(f"{weights.parent.name} ({weights.stat().st_size / 1e6:.1f} MB)" for weights in found)
        return Check("shipped policies", True, False, told)
    return Check("shipped policies", False, False, "no checkpoint in this package", "train one with runs/laptop.sh")


def check_gpu() -> Check:
    """A GPU that torch can use; nothing needs one."""
    found = _python("import torch; print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else '')")
    name = found.stdout.strip()
    return Check("GPU", bool(name), False, name or "none: everything runs on the CPU")


def check_libero() -> Check:
    """The benchmark LIBERO in its own environment: which tasks are intact, and whether it simulates as recorded."""
    from sightline.envs.libero.check import examine
    from sightline.envs.libero.environment import find_python

    try:
        find_python()
    except SightlineError:
        return Check("LIBERO", False, False, "not installed: its suites cannot be run", "make setup-libero")
    try:
        found = examine()
    except SightlineError as error:
        return Check("LIBERO", False, False, str(error), "make setup-libero")
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return Check("LIBERO", found.ok, False, f"{' '.join(found.sentences)} ({versions})", "make setup-libero")


def check_simpler() -> Check:
    """SimplerEnv in its own environment: which of its files are stand-ins, and whether it simulates as recorded."""
    from sightline.envs.simpler.check import examine
    from sightline.envs.simpler.environment import find_python

    try:
        find_python()
    except SightlineError:
        return Check("SimplerEnv", False, False, "not installed: its suite cannot be run", "make setup-simpler")
    try:
        found = examine()
    except SightlineError as error:
        return Check("SimplerEnv", False, False, str(error))
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return Check("SimplerEnv", found.ok, False, f"{' '.join(found.sentences)} ({versions})", "make setup-simpler")


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else ""


if __name__ == "__main__":
    # `--rendering` is the quick question of scripts/system_packages.sh: its answer is the exit code alone.
    healthy = check_rendering().ok if "--rendering" in sys.argv else doctor()["ok"]
    sys.exit(0 if healthy else 1)
