"""Configuration is strict: mistakes are errors with a sentence, and what is saved is what is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sightline.core.config import load_config, save_yaml, to_dict
from sightline.core.errors import SightlineError


@dataclass(frozen=True)
class Optimiser:
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.95)
    warmup: int | None = None


@dataclass(frozen=True)
class Run:
    steps: int = 100
    name: str = "run"
    kind: Literal["ddim", "ddpm"] = "ddim"
    bf16: bool = True
    widths: tuple[int, ...] = (64, 128)
    weights: dict[str, float] = field(default_factory=dict)
    out: Path = Path("out")
    optimiser: Optimiser = Optimiser()


@dataclass(frozen=True)
class Needs:
    data: str


def test_defaults_dictionary_and_overrides():
    assert load_config(Run) == Run()
    run = load_config(
        Run, {"steps": 7, "optimiser": {"rate": 1}}, ["optimiser.betas=[0.8, 0.9]", "bf16=false", "optimiser.warmup=5"]
    )
    assert run == Run(steps=7, bf16=False, optimiser=Optimiser(rate=1.0, betas=(0.8, 0.9), warmup=5))
    assert isinstance(run.optimiser.rate, float)
    assert load_config(Run, run, ["optimiser.warmup=null", "name=123", "weights.text=0.1"]).name == "123"


def test_scientific_notation_without_a_dot_is_a_number(tmp_path):
    (tmp_path / "run.yaml").write_text("optimiser:\n  rate: 3e-4\n")
    assert load_config(Run, tmp_path / "run.yaml").optimiser.rate == 3e-4
    assert load_config(Run, None, ["optimiser.rate=3e-4"]).optimiser.rate == 3e-4


@pytest.mark.parametrize(
    ("source", "overrides", "words"),
    [
        ({"step": 1}, [], ["'step'", "did you mean 'steps'"]),
        ({}, ["optimiser.rte=1"], ["'optimiser.rte'", "did you mean 'rate'"]),
        ({}, ["warmup=3"], ["'warmup'", "did you mean 'optimiser.warmup'"]),
        ({}, ["steps=many"], ["'steps'", "int", "'many'"]),
        ({"steps": True}, [], ["'steps'", "int", "bool"]),
        ({"steps": 1.5}, [], ["'steps'", "int", "1.5"]),
        ({"bf16": 1}, [], ["'bf16'", "bool"]),
        ({"name": 3}, [], ["'name'", "str"]),
        ({"kind": "ddmm"}, [], ["'kind'", "ddim, ddpm"]),
        ({"optimiser": 3}, [], ["'optimiser'", "mapping"]),
        ({"optimiser": {"betas": [1]}}, [], ["'optimiser.betas'", "2 values"]),
        ({"widths": [1, "a"]}, [], ["'widths[1]'", "int"]),
        ({}, ["steps"], ["'steps'", "key=value"]),
        ({}, ["steps=1", "steps.more=1"], ["'steps'"]),
        ({}, ["widths=[1"], ["'widths'"]),
    ],
)
def test_mistakes_are_one_clear_sentence(source, overrides, words):
    with pytest.raises(SightlineError) as caught:
        load_config(Run, source, overrides)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_key_and_bad_files(tmp_path):
    with pytest.raises(SightlineError, match="'data' is missing"):
        load_config(Needs)
    with pytest.raises(SightlineError, match="Cannot read"):
        load_config(Run, tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1\nb: 2")
    with pytest.raises(SightlineError, match="not valid YAML"):
        load_config(Run, tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(SightlineError, match="not a list"):
        load_config(Run, tmp_path / "list.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert load_config(Run, tmp_path / "empty.yaml") == Run()


finite = st.floats(allow_nan=False, allow_infinity=False)
runs = st.builds(
    Run,
    steps=st.integers(-(10**12), 10**12),
    name=st.text(),
    kind=st.sampled_from(["ddim", "ddpm"]),
    bf16=st.booleans(),
    widths=st.lists(st.integers(), max_size=4).map(tuple),
    weights=st.dictionaries(st.text(min_size=1), finite, max_size=3),
    out=st.sampled_from([Path("a/b"), Path("c")]),
    optimiser=st.builds(Optimiser, rate=finite, betas=st.tuples(finite, finite), warmup=st.none() | st.integers()),
)


@given(run=runs)
@example(run=Run(name="\x85", weights={"\x85": 1e-07}))
def test_round_trip(run, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "round_trip" / "run.yaml"
    save_yaml(run, path)
    assert load_config(Run, path) == run
    assert load_config(Run, to_dict(run)) == run
