"""``sightline compare`` as it is typed: figures, page, and one sentence where results cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evaluations import rows, write

from sightline.cli import commands


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        commands.main(["compare", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_two_results_become_figures_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = write(tmp_path / "a.json", "plain", rows([i % 2 == 0 for i in range(40)]))
    other = write(tmp_path / "b.json", "guided", rows([True] * 40))
    assert run(first, other, "--json", tmp_path / "r.json", "--report", tmp_path / "new" / "page.html") == 0
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["verdict"] == "better" and result["difference"] == 0.5 and result["p_value"] == 2 / 2**20
    assert result["ci95"][0] > 0 and 0 < result["smallest_detectable"] < 1
    assert "guided is better than plain" in capsys.readouterr().out
    assert "guided against plain" in (tmp_path / "new" / "page.html").read_text()
    assert run(first, other, "--sequential", "True", "--json", tmp_path / "s.json") == 0
    assert json.loads((tmp_path / "s.json").read_text())["pairs"] < 40


def test_what_cannot_be_compared_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    first = write(tmp_path / "a.json", "plain", rows([True, False]))
    other = write(tmp_path / "b.json", "guided", rows([True, False], start=9))
    suite = write(tmp_path / "c.json", "guided", rows([True, False]), {"suite": "libero_10"})
    damaged = tmp_path / "d.json"
    damaged.write_text(first.read_text()[:200])
    for path, said in ((other, "share no episodes"), (suite, "suite"), (damaged, "damaged"), (tmp_path, "read")):
        assert run(first, path, "--json", tmp_path / "r.json") == 2
        error = capsys.readouterr().err
        assert error.startswith("Error: ") and said in error and error.count("\n") == 1
    assert not (tmp_path / "r.json").exists()
