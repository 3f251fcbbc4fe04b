"""Which conversation comes when follows from seed and number alone, by weight, and without gaps."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sightline.core.errors import SightlineError
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversation_record import Conversation
from sightline.data.conversations import Conversations, SourceConfig
from sightline.data.weighted_order import ROUND


def source(folder: Path, name: str, count: int, damaged: tuple[int, ...] = ()) -> Conversations:
    rows = []
    for number in range(count):
        said = [{"from": "human", "value": "hello"}, {"from": "gpt", "value": f"{name} {number}"}]
        rows.append("{" if number in damaged else json.dumps({"id": f"{name}{number}", "conversations": said}))
    (folder / f"{name}.jsonl").write_text("\n".join(rows))
    return Conversations(SourceConfig(folder / f"{name}.jsonl"))


def test_a_draw_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    sources = [source(tmp_path, "a", 70), source(tmp_path, "b", 30)]
    first, second = ConversationMix(sources), ConversationMix(sources)
    numbers = np.random.default_rng(0).permutation(3 * ROUND)[:500]
    places = {int(n): first.place(1, int(n)) for n in numbers}
    assert all(second.place(1, number) == places[number] for number in sorted(places))
    assert any(second.place(2, number) != places[number] for number in places)
    assert first.draw(1, 5) == second.draw(1, 5)


def test_weights_are_kept_and_every_pass_has_a_new_order(tmp_path: Path) -> None:
    sizes = {"a": 70, "b": 30}
    mix = ConversationMix([source(tmp_path, name, size) for name, size in sizes.items()], [3, 1])
    drawn: dict[int, list[int]] = {0: [], 1: []}
    for index in range(2 * ROUND):
        found, record = mix.place(0, index)
        drawn[found].append(record)
    assert len(drawn[0]) == 2 * ROUND * 3 // 4
    for number, size in enumerate(sizes.values()):
        passes = [drawn[number][start : start + size] for start in range(0, len(drawn[number]) - size, size)]
        assert len(passes) > 20 and all(sorted(order) == list(range(size)) for order in passes)
        assert len({tuple(order) for order in passes}) == len(passes)
    early = Counter(mix.place(0, index)[0] for index in range(400))
    assert 0.6 < early[0] / 400 < 0.9, "sources must be mixed, not one after the other"


def test_sources_are_mixed_by_size_unless_weighed(tmp_path: Path) -> None:
    mix = ConversationMix([source(tmp_path, "a", 60), source(tmp_path, "b", 20)])
    assert mix.rotation.counts.tolist() == [ROUND * 3 // 4, ROUND // 4]


def test_what_is_damaged_is_skipped_and_counted(tmp_path: Path) -> None:
    mix = ConversationMix([source(tmp_path, "a", 10, damaged=(2, 3))])
    assert mix.problems == "" and mix.skipped == 0
    drawn = [mix.draw(0, index).name for index in range(40)]
    assert len(set(drawn)) == 8 and mix.skipped == 2
    assert "2 conversations" in mix.problems and "a.jsonl:3" in mix.problems and "a.jsonl:4" in mix.problems
    assert [mix.draw(0, index).name for index in range(40)] == drawn

    def picky(conversation: Conversation) -> str:
        if "a7" in conversation.name:
            raise SightlineError("There is no picture a7.png.")
        return conversation.name

    assert all("a7" not in mix.first(0, index, picky) for index in range(40)) and mix.skipped == 3


def test_nothing_of_use_is_an_error(tmp_path: Path) -> None:
    mix = ConversationMix([source(tmp_path, "a", 3, damaged=(0, 1, 2))])
    with pytest.raises(SightlineError, match=r"None of 3 conversations of 'a' can be used: .*a\.jsonl"):
        mix.draw(0, 0)


@pytest.mark.parametrize("weights", [[], [1], [1, 0], [1, float("nan")], [1, -1], [1, 2, 3]])
def test_impossible_weights_are_refused(tmp_path: Path, weights: list[float]) -> None:
    with pytest.raises(SightlineError, match="positive weight"):
        ConversationMix([source(tmp_path, "a", 3), source(tmp_path, "b", 3)], weights)


def test_a_mixture_is_opened_by_names(tmp_path: Path) -> None:
    source(tmp_path, "a", 40), source(tmp_path, "b", 20)
    (tmp_path / "r.yaml").write_text("a: {annotations: a.jsonl}\nb: {annotations: b.jsonl}\n")
    by_size = ConversationMix.open(tmp_path / "r.yaml", "a%50, b")
    assert [len(found) for found in by_size.sources] == [20, 20]
    assert by_size.rotation.counts.tolist() == [ROUND // 2, ROUND // 2]
    weighed = ConversationMix.open(tmp_path / "r.yaml", {"a": 3.0, "b": 1.0})
    assert weighed.rotation.counts.tolist() == [ROUND * 3 // 4, ROUND // 4]
    with pytest.raises(SightlineError, match="positive weight"):
        ConversationMix.open(tmp_path / "r.yaml", " , ")


def test_sources_as_the_command_line_names_them(tmp_path: Path) -> None:
    for name, count in (("a", 20), ("b", 10)):
        source(tmp_path, name, count)
    registry = tmp_path / "sources.yaml"
    registry.write_text("first: {annotations: a.jsonl}\nsecond: {annotations: b.jsonl}\n")
    sizes = {
        "file": [f"{tmp_path}/b.jsonl"],
        "all": [str(registry)],
        "some": [f"{registry}:first%50, second"],
        "both": [f"{registry}:second", f"{tmp_path}/a.jsonl"],
    }
    found = {name: [len(part) for part in ConversationMix.of(given).sources] for name, given in sizes.items()}
    assert found == {"file": [10], "all": [20, 10], "some": [10, 10], "both": [10, 20]}
    with pytest.raises(SightlineError, match="did you mean 'second'"):
        ConversationMix.of([f"{registry}:secund"])
