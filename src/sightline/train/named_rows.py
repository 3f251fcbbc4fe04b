"""A planner that goes on in a larger world: weights are taken over by what they mean, not by where they stand.

Kinds, colours and tokens have a row each in some tables, and another vocabulary has them in another order.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sightline.core.console import say
from sightline.models.config import GroundingHeadConfig
from sightline.models.policy import Policy
from sightline.train.initialise import carried_over

BOX = ("box x1", "box y1", "box x2", "box y2")


def take_over(start: Policy, policy: Policy) -> None:
    """Give ``policy`` the weights of ``start``: rows by the name of their kind, colour or token, all else where names
    and shapes are the same; the rest of it stays as it is."""
    fresh = {name: value.clone() for name, value in policy.system.state_dict().items()}
    carried_over(start.system, policy.system)
    theirs, mine = start.system.state_dict(), policy.system.state_dict()
    old, new = _rows(start), _rows(policy)
    count = 0
    for name in (name for name in mine if name in theirs):
        table = next((table for table in new if name.startswith(table)), None)
        if table is not None and table in old:
            mine[name].copy_(_by_name(theirs[name], fresh[name], old[table], new[table]))
            count += 1
    kinds = set(policy.config.grounding.kinds)
    known = len(kinds & set(start.config.grounding.kinds))
    say(f"Taken over by name: {count} tables; {known} of {len(kinds)} kinds are known already.")


def _by_name(old: Tensor, fresh: Tensor, theirs: Sequence[str], mine: Sequence[str]) -> Tensor:
    """``fresh`` [n,...] with the rows of ``old`` [m,...] that are called the same."""
    if old.shape[1:] != fresh.shape[1:]:
        return fresh
    place = {name: number for number, name in enumerate(theirs)}
    pairs = [(number, place[name]) for number, name in enumerate(mine) if name in place]
    result = fresh.clone()
    if pairs:
        to, of = torch.tensor(pairs).T
        result[to] = old[of].to(result)
    return result


def _rows(policy: Policy) -> dict[str, list[str]]:
    """Tables by the beginning of their weights' names, with the name of each row."""
    head = policy.config.grounding
    seen = [*_classes(head), *BOX]
    tokens = policy.tokenizer.backend.get_vocab()
    words = sorted(tokens, key=lambda token: tokens[token])
    words += [f"unused {number}" for number in range(len(words), policy.config.planner.vocabulary)]
    return {
        "grounding.dense.out": seen,
        "grounding.dense_embedded.out": seen,
        "grounding.describe": _classes(head),
        **{table: words for table in _token_tables(policy)},
    }


def _classes(head: GroundingHeadConfig) -> list[str]:
    return ["nothing", *(f"kind {name}" for name in head.kinds), *(f"colour {name}" for name in head.colours)]


def _token_tables(policy: Policy) -> list[str]:
    """Embedding and language head, which may be the same tensor under two names."""
    size = policy.config.planner.vocabulary
    weights = policy.system.planner.state_dict().items()
    return [f"planner.{name}" for name, value in weights if value.ndim == 2 and value.shape[0] == size]
