"""The four verdicts, in both modes, for two policies and for many; what is printed and drawn of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from evaluations import row, rows, write

from sightline.cli.compare import Compare
from sightline.core.errors import SightlineError
from sightline.evaluate.comparison import statistics
from sightline.evaluate.comparison.outcomes import OUTCOMES
from sightline.evaluate.comparison.run import compare

N = 160


def outcomes(lost: int, won: int, both: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Of the first and the other policy, in a mixed order."""
    pairs = [(True, False)] * lost + [(False, True)] * won + [(True, True)] * both + [(False, False)] * neither
    mixed = [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))]
    return [one for one, _ in mixed], [two for _, two in mixed]


TABLES = {
    "better": outcomes(4, 40, 80, 36),
    "worse": outcomes(40, 4, 80, 36),
    "equal": outcomes(1, 1, 100, 58),
    "cannot tell": outcomes(9, 15, 100, 36),
}


def files(tmp_path: Path, *results: list[bool], **fields: Any) -> list[Path]:
    return [write(tmp_path / f"{i}.json", f"policy{i}", rows(result, **fields)) for i, result in enumerate(results)]


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("verdict", TABLES)
def test_the_four_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture, verdict: str, sequential: bool) -> None:
    page = tmp_path / "page.html"
    result = compare(files(tmp_path, *TABLES[verdict]), sequential=sequential, report=page)
    assert result["verdict"] == verdict
    (one,) = result["comparisons"]
    assert all(one[name] == result[name] for name in ("pairs", "difference", "ci95", "p_value", "smallest_detectable"))
    low, high = one["ci95"]
    assert low <= one["difference"] <= high
    assert (low > 0, high < 0) == (verdict == "better", verdict == "worse")
    assert (one["p_value"] <= 0.05) == (verdict in ("better", "worse"))
    assert one["pairs"] < N if sequential and verdict != "cannot tell" else one["pairs"] == N
    assert ("stopped" in one) == sequential
    said, text = capsys.readouterr().out, page.read_text()
    words = {"equal": "are equal within 5.0 points", "cannot tell": "cannot be told"}.get(verdict, f"is {verdict} than")
    assert words in said and words in text
    assert text.count('<rect class="win"') - 1 == one["wins"] and text.count('<rect class="loss"') - 1 == one["losses"]
    assert ("Evidence after each episode" in text) == sequential
    assert "dropped &lt;it&gt;" in text and not re.search(r'(src|href)="https?://', text)
    assert "nan" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL).lower()


def test_figures_are_those_of_the_exact_test(tmp_path: Path) -> None:
    result = compare(files(tmp_path, *TABLES["cannot tell"]))
    assert result["p_value"] == statistics.mcnemar(15, 9) and result["difference"] == pytest.approx(6 / N)
    assert result["smallest_detectable"] == pytest.approx(statistics.detectable_rate(N, 24 / N, 0.05, 0.8))
    assert result["first"]["policy"] == "policy0" and result["settings"]["suite"] == "tabletop"


@pytest.mark.parametrize("sequential", [False, True])
def test_policies_that_never_disagree(tmp_path: Path, sequential: bool) -> None:
    same = [i % 3 > 0 for i in range(N)]
    result = compare(files(tmp_path, same, same), sequential=sequential)
    assert (result["verdict"], result["p_value"], result["difference"]) == ("equal", 1, 0)
    assert result["ci95"][0] < 0 < result["ci95"][1] and 0 < result["smallest_detectable"] < 0.1
    few = compare(files(tmp_path, same[:12], same[:12]), sequential=sequential)
    assert (few["verdict"], few["p_value"]) == ("cannot tell", 1), "a dozen episodes prove no equality"
    one = compare(files(tmp_path, [True], [True]), sequential=sequential)
    assert one["verdict"] == "cannot tell" and one["smallest_detectable"] is None


def test_success_at_the_end_and_at_any_time_are_asked_for(tmp_path: Path) -> None:
    first = write(tmp_path / "a.json", "plain", rows([True] * 40))
    other = write(tmp_path / "b.json", "guided", rows([False] * 40, success_any_time=True))
    assert compare([first, other])["verdict"] == "worse"
    at_any_time = compare([first, other], by="success_any_time", margin=0.15)
    assert (at_any_time["verdict"], at_any_time["difference"]) == ("equal", 0)


@pytest.mark.parametrize("sequential", [False, True])
def test_less_may_be_better(tmp_path: Path, capsys: pytest.CaptureFixture, sequential: bool) -> None:
    rng, page = np.random.default_rng(1), tmp_path / "page.html"
    slow = [row(i, True, steps=int(rng.integers(40, 60))) for i in range(80)]
    quick = [row(i, True, steps=int(rng.integers(25, 45))) for i in range(80)]
    first, other = write(tmp_path / "a.json", "slow", slow), write(tmp_path / "b.json", "quick", quick)
    result = compare([first, other], by="steps", sequential=sequential, report=page)
    assert result["verdict"] == "better" and result["difference"] < -5
    assert result["ci95"][0] < result["difference"] < result["ci95"][1] < 0
    assert "Steps to success of each episode" in page.read_text() and "differences in steps" in capsys.readouterr().out
    assert compare([other, first], by="steps", sequential=sequential)["verdict"] == "worse"
    lifted = compare(files(tmp_path, *TABLES["better"]), by="wrong_object_lifted", sequential=sequential)
    assert lifted["verdict"] == "better" and lifted["ci95"][1] < 0


def test_progress_separates_what_success_does_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    half = [row(i, False, progress=float(rng.integers(1, 4)) / 4) for i in range(50)]
    none = [row(i, False, progress=float(rng.integers(0, 2)) / 4) for i in range(50)]
    paths = [write(tmp_path / "a.json", "plain", none), write(tmp_path / "b.json", "guided", half)]
    assert compare(paths)["verdict"] == "cannot tell"
    assert compare(paths, by="progress")["verdict"] == "better"


def test_many_are_compared_with_the_first_and_corrected(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    base = [i % 2 == 0 for i in range(N)]

    def won(count: int) -> list[bool]:
        """The base's outcomes, but ``count`` failures became successes and one success a failure."""
        failed = [i for i in range(N) if not base[i]][:count]
        return [(i in failed or base[i]) and i != 0 for i in range(N)]

    page = tmp_path / "page.html"
    result = compare(files(tmp_path, base, won(8), won(30), base), report=page)
    alone = compare(files(tmp_path, base, won(8)))
    assert alone["verdict"] == "better" and alone["p_value"] == pytest.approx(0.0390625)
    near, clear, same = result["comparisons"]
    assert near["p_value"] == alone["p_value"] and near["p_value_adjusted"] == pytest.approx(2 * alone["p_value"])
    assert [one["verdict"] for one in (near, clear, same)] == ["cannot tell", "better", "equal"]
    assert near["smallest_detectable"] > alone["smallest_detectable"] and "verdict" not in result
    said = capsys.readouterr().out
    assert all(f"policy{i}" in said for i in range(4)) and page.read_text().count("<h2>policy") == 3


def test_a_clear_difference_within_the_margin_is_still_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    result = compare(files(tmp_path, *outcomes(0, 30, 800, 370)))
    assert result["verdict"] == "better" and result["comparisons"][0]["within_margin"]
    assert "no more than the margin of 5.0 points" in capsys.readouterr().out


def test_runs_of_different_length_and_version_are_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = write(tmp_path / "a.json", "plain", rows([True] * 20))
    other = write(tmp_path / "b.json", "guided", rows([True] * 30), {"version": "0.2.0"})
    notes = compare([first, other])["comparisons"][0]["notes"]
    assert "0 episodes" in notes[1] and "10 of" in notes[1] and "0.2.0" in notes[0]
    said = capsys.readouterr().out
    assert all(note in said for note in notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"error_rate": 0.0}, "error rate"),
        ({"error_rate": float("nan")}, "error rate"),
        ({"power": 1.0}, "power"),
        ({"power": 0.04}, "power"),
        ({"margin": 0.0}, "margin must be above 0"),
        ({"margin": float("nan")}, "margin must be above 0"),
        ({"margin": 5.0}, "calls everything equal"),
        ({"by": "succes"}, "did you mean 'success'"),
    ],
)
def test_impossible_questions_are_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SightlineError, match=said):
        compare(files(tmp_path, [True, False], [True, True]), **options)


def test_one_file_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="at least two"):
        compare(files(tmp_path, [True]))


def test_the_command_knows_every_outcome() -> None:
    assert set(get_args(get_type_hints(Compare)["by"])) == set(OUTCOMES)
