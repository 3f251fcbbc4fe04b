"""Which episodes are the same is told by their keys; results that cannot be compared are refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import SETTINGS, row, rows, write

from sightline.core.errors import SightlineError
from sightline.evaluate.comparison.outcomes import OUTCOMES
from sightline.evaluate.comparison.pairing import circumstances, pair
from sightline.evaluate.comparison.results import labels, read_result
from sightline.evaluate.rows import EpisodeRow
from sightline.evaluate.rows_file import Heading, append_row

SUCCESS = OUTCOMES["success"]


def paired(tmp_path: Path, one: list, two: list, by: str = "success", **settings: Any):
    first = read_result(write(tmp_path / "a.json", "plain", one))
    other = read_result(write(tmp_path / "b.json", "guided", two, settings))
    return pair(first, other, OUTCOMES[by])


def test_episodes_are_matched_by_their_keys_and_not_by_their_order(tmp_path: Path) -> None:
    one, two = rows([True, False, False, True]), rows([True, True, False, False])
    pairs = paired(tmp_path, one, [two[2], two[0], two[3], two[1]])
    assert [key.seed for key in pairs.keys] == [3000000, 3000001, 3000002, 3000003]
    assert pairs.gains.tolist() == [0, 1, 0, -1] and (pairs.wins, pairs.losses) == (1, 1)
    again = paired(tmp_path, one[::-1], two)
    assert again.keys == pairs.keys and np.array_equal(again.gains, pairs.gains)


def test_a_seed_of_several_tasks_is_several_episodes(tmp_path: Path) -> None:
    one = [row(7, True, task=task, instruction=task) for task in ("left", "right", "onto")]
    two = [row(7, success, task=task, instruction=task) for task, success in (("onto", False), ("left", True))]
    pairs = paired(tmp_path, one, two)
    assert [(key.seed, key.task) for key in pairs.keys] == [(7, "left"), (7, "onto")]
    assert pairs.gains.tolist() == [0, -1] and pairs.left_out == (1, 0)


def test_only_shared_episodes_count(tmp_path: Path) -> None:
    pairs = paired(tmp_path, rows([True] * 5), rows([False] * 5, start=3_000_003))
    assert len(pairs) == 2 and pairs.left_out == (3, 3)


def test_environments_that_say_nothing_are_matched_by_seed(tmp_path: Path) -> None:
    silent = {"task": None, "instruction": None}
    pairs = paired(tmp_path, rows([True, False], **silent), rows([True, True], **silent))
    assert pairs.gains.tolist() == [0, 1] and pairs.keys[0].instruction == ""


def test_runs_that_share_no_episodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"share no episodes .*seeds 3000000 to 3000001.*same --seed"):
        paired(tmp_path, rows([True, False]), rows([True, False], start=4_000_000))


def test_the_same_seeds_in_other_words_are_refused(tmp_path: Path) -> None:
    changed = [*rows([True] * 3), row(3_000_003, True, instruction="take the duck")]
    with pytest.raises(SightlineError, match=r"different things at 1 of 4 common seeds .*'take the duck'"):
        paired(tmp_path, rows([True] * 4), changed)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"suite": "libero_object", "split": "test"}, "suite 'tabletop' and .* with 'libero_object'"),
        ({"phrasing": "unseen"}, "phrasing 'plain' and .* 'unseen'"),
        ({"lights": 3}, "lights none and .* with '3'"),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SightlineError, match=said):
        paired(tmp_path, rows([True]), rows([True]), **settings)


def test_circumstances_may_differ_and_are_told_where_they_matter(tmp_path: Path) -> None:
    other = {"version": "0.2.0", "CPUs": 64, "workers": 9, "seconds": 1, "seed": 0, "chunk handling": "one action"}
    assert len(paired(tmp_path, rows([True]), rows([True]), **other)) == 1
    told = circumstances(read_result(tmp_path / "a.json"), read_result(tmp_path / "b.json"))
    assert len(told) == 2 and "0.2.0" in told[0] and "one action" in told[1]


def test_joined_shards_are_compared_with_a_run_in_one_piece(tmp_path: Path) -> None:
    """What ``join`` says of how it was run besides what ``evaluate`` says."""
    joined = {
        "weights": "0f3a",
        "episodes": 2,
        "execute": 4,
        "handling": "receding",
        "batch": 4,
        "films": 0,
        "shards": 2,
    }
    assert len(paired(tmp_path, rows([True, False]), rows([True, True]), **joined)) == 2


def test_graded_outcomes_count_only_where_both_say_them(tmp_path: Path) -> None:
    one = [row(1, True, steps=10), row(2, True, steps=30), row(3, False), row(4, True, steps=20)]
    two = [row(1, True, steps=25), row(2, True, steps=15), row(3, True), row(4, False)]
    pairs = paired(tmp_path, one, two, "steps")
    assert pairs.first.tolist() == [10, 30] and pairs.other.tolist() == [25, 15]
    assert pairs.span == 60 and pairs.gains.tolist() == [-0.25, 0.25], "fewer steps are better"
    two = [row(1, True), row(2, True, progress=None)]
    progress = paired(tmp_path, [row(1, False, progress=0.25), row(2, True)], two, "progress")
    assert progress.gains.tolist() == [0.75] and progress.left_out == (1, 1)
    wrong = paired(tmp_path, rows([False, True]), rows([True, True]), "wrong_object_lifted")
    assert wrong.first.tolist() == [1, 0] and wrong.gains.tolist() == [1, 0]
    with pytest.raises(SightlineError, match="both say 'target_lifted': choose another --by"):
        paired(tmp_path, rows([True]), rows([True]), "target_lifted")
    with pytest.raises(SightlineError, match="no episode is there that both did"):
        paired(tmp_path, rows([True, False]), rows([False, True]), "steps")


GOOD = {"seed": 1, "success": True, "progress": 1.0}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "damaged"),
        ('{"episodes": [', "damaged"),
        (b"\xff\xfe\x00", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[1, 2]", "no result"),
        ('{"title": "cut', "no rows yet"),
        ('{"title": "x", "settings": {}, "seeds": 5, "shard": ""}\n', "damaged"),
        ('{"title": "x"}\n', "none of an evaluation's rows"),
        ({"box_acc50": 0.9, "settings": {}}, "holds no episodes"),
        ({"episodes": 12, "frames": 300}, "holds no episodes"),
        ({"episodes": [GOOD], "settings": {"suite": "tabletop"}}, "does not say its policy"),
        ({"episodes": [], "settings": {"suite": "tabletop", "policy": "tiny"}}, "has no rows"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: Any, said: str) -> None:
    path = tmp_path / "r.json"
    data = content if isinstance(content, (str, bytes)) else json.dumps(content)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(SightlineError, match=rf"r\.json.*{said}"):
        read_result(path)


@pytest.mark.parametrize(
    "episode", [3, {}, {"seed": "1", "success": True}, {"seed": True, "success": True}, {"seed": 1, "success": "yes"},
                {"seed": 1}, {**GOOD, "instruction": 5}]
)  # fmt: skip
def test_damaged_rows_are_refused(tmp_path: Path, episode: Any) -> None:
    with pytest.raises(SightlineError, match=r"Row 2 of .*evaluate again"):
        read_result(write(tmp_path / "r.json", "tiny", [{**GOOD, "seed": 0}, episode]))


@pytest.mark.parametrize(
    ("by", "value"),
    [("progress", 1.5), ("progress", -0.1), ("progress", float("nan")), ("progress", "half"), ("progress", True),
     ("success_any_time", 1), ("steps", 10**400), ("steps", float("inf")), ("steps", [3])],
)  # fmt: skip
def test_impossible_outcomes_are_refused(tmp_path: Path, by: str, value: Any) -> None:
    with pytest.raises(SightlineError, match=rf"seed 1 in .*b\.json has .*{by}"):
        paired(tmp_path, rows([True], start=1), [row(1, True, **{by: value})], by)


def test_files_that_are_not_there_or_say_an_episode_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="There is no file"):
        read_result(tmp_path / "nowhere.json")
    with pytest.raises(SightlineError, match="cannot be read"):
        read_result(tmp_path)
    with pytest.raises(SightlineError, match="seed 5 twice"):
        read_result(write(tmp_path / "r.json", "tiny", [row(5, True), row(5, False)]))


def test_rows_of_an_evaluation_that_goes_on_count_up_to_the_first_gap(tmp_path: Path) -> None:
    settings = SETTINGS | {"policy": "tiny", "weights": "0f3a"}
    path = tmp_path / "rows.jsonl"
    path.write_bytes(Heading("tiny on tabletop", settings, tuple(range(5, 11))).line())
    with pytest.raises(SightlineError, match="no rows yet"):
        read_result(path)
    for seed in (7, 5, 6, 10):
        append_row(path, EpisodeRow(**row(seed, seed != 6)))
    result = read_result(path)
    assert [key.seed for key in result.rows] == [5, 6, 7] and result.policy == "tiny"
    pairs = pair(result, read_result(write(tmp_path / "b.json", "guided", rows([True] * 6, start=5))), SUCCESS)
    assert pairs.gains.tolist() == [0, 1, 0] and pairs.left_out == (0, 3)


def test_every_policy_has_a_name_of_its_own(tmp_path: Path) -> None:
    def named(*policies: str, files: tuple[str, ...] = ("a", "b", "c")) -> list[str]:
        paths = [tmp_path / f"{name}.json" for name in files[: len(policies)]]
        return labels(
            [read_result(write(path, policy, rows([True]))) for path, policy in zip(paths, policies, strict=True)]
        )

    last, early = "outputs/stage2/checkpoints/last/policy", "outputs/stage2/checkpoints/0002000/policy"
    assert named("tiny", last, early) == ["tiny", "stage2", "stage2 at 2000"]
    assert named("ws://127.0.0.1:8000", "outputs/plain/") == ["ws://127.0.0.1:8000", "plain"]
    assert named("tiny", "tiny") == ["tiny (a.json)", "tiny (b.json)"]
    assert named("tiny", "tiny", files=("x/a", "y/a")) == [f"tiny ({tmp_path}/{place}/a.json)" for place in "xy"]
    assert named("tiny", "tiny", files=("a", "a")) == ["tiny (a.json), 1", "tiny (a.json), 2"]
