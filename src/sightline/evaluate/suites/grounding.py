"""The suite ``grounding``: does the planner say where things are, in pictures of which that is known?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.core.outputs import keeping
from sightline.evaluate.grounding_metrics import Grounder, evaluate_grounding
from sightline.evaluate.policies import load_policy
from sightline.evaluate.report import print_grounding, write_grounding_report
from sightline.evaluate.suites.base import Suite, SuiteSettings
from sightline.language.paraphrases import SPOKEN


@dataclass(frozen=True, kw_only=True)
class GroundingSettings(SuiteSettings):
    """Which pictures are asked about.

    Attributes:
        episodes: number of pictures.
        seed: of the choice of pictures and questions.
        data: folders of labelled datasets.
        absent: share of the questions for something that is not there.
        phrasing: words of the questions, one of ``language.paraphrases.SPOKEN``; None: the plain ones.
    """

    seed: int = 0
    data: tuple[Path, ...] = ()
    absent: float = 0.0
    phrasing: str | None = None


def run(policy: str, settings: GroundingSettings, about: Mapping[str, Any]) -> dict:
    """Ask a policy's planner about pictures, print the result and write the report.

    Returns ``box_acc50``, ``point_acc``, ``trace_mae_px``, more of their kind, ``calibration_error`` of the confidence
    in boxes, ``found`` and ``absent_told`` (shares of what is there, and of what is not, that are taken to be so),
    ``by_style``, ``by_kind``, ``settings``.
    Raises SightlineError where the policy has no planner, and without labelled data.
    """
    grounder = load_policy(policy)
    if not isinstance(grounder, Grounder):
        raise SightlineError(f"The policy '{policy}' cannot say where things are; use a checkpoint folder or 'tiny'.")
    phrasing = settings.phrasing or SPOKEN[0]
    scores = evaluate_grounding(
        grounder,
        settings.data,
        settings.episodes,
        seed=settings.seed,
        absent=settings.absent,
        phrasing=phrasing,
    )
    summary = scores.summary()
    print_grounding(summary)
    about = {
        **about,
        "seed": settings.seed,
        "phrasing": phrasing,
        "absent": settings.absent,
        "data": ", ".join(map(str, settings.data)),
        "pictures": settings.episodes,
    }
    result = summary | {"settings": about}
    if settings.report is not None:
        with keeping(result):
            write_grounding_report(settings.report, f"{policy}: grounding", scores, about)
        say(f"Report: {settings.report}")
    return result


GROUNDING = Suite(GroundingSettings, run)
