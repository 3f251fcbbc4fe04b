"""Conversations about pictures: stage 1 of planners that answer in words, and co-training in their stage 2."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from torch import Tensor

from sightline.core.console import say
from sightline.core.errors import SightlineError
from sightline.data.conversation_mix import ConversationMix
from sightline.data.conversation_record import Conversation, read_pictures
from sightline.models.policy import Policy
from sightline.models.system import DualSystem
from sightline.models.vlm.chat import ChatBatch, ChatEncoder, ChatSample, collate, read_chat
from sightline.train.config import STAGE_1
from sightline.train.objectives import Objective
from sightline.train.setup import StageSetup


def make(setup: StageSetup) -> ChatObjective | None:
    """None without conversations; in stage 2 they have a lower weight."""
    config, chat = setup.config, setup.config.chat
    if setup.conversations is None:
        return None
    weight, every = (1.0, 1) if setup.stage == STAGE_1 else (chat.weight, chat.every)
    return ChatObjective(
        setup.conversations,
        setup.policy,
        chat.samples,
        config.seed,
        weight,
        every,
        config.micro_batches,
        chat.longest,
    )


class ChatObjective(Objective):
    """Next-token loss of the assistant's words, averaged over those of a micro-batch.

    Args:
        samples: conversations in a micro-batch.
        every: sits out all other steps.
        parts: micro-batches an update, so that no two of them hold the same conversations.
        longest: tokens of a conversation; rounds that do not fit are left out.
    """

    name = "chat"

    def __init__(
        self,
        conversations: ConversationMix,
        policy: Policy,
        samples: int,
        seed: int,
        weight: float = 1.0,
        every: int = 1,
        parts: int = 1,
        longest: int = 2048,
    ) -> None:
        self.conversations, self.samples, self.seed = conversations, samples, seed
        self.weight, self.every, self.parts = weight, every, parts
        self.encoder = ChatEncoder(policy.tokenizer, policy.config, longest)
        self._told = 0
        self._pool = ThreadPoolExecutor(min(samples, os.cpu_count() or 1))

    def batch(self, step: int, progress: float, part: int = 0) -> ChatBatch | None:
        """Micro-batch ``part`` of a step; None on steps that are sat out. Conversations of no use are replaced."""
        if step % self.every:
            return None
        if not 0 <= part < self.parts:
            raise SightlineError(f"There is no micro-batch {part}: an update has {self.parts}.")
        first = ((step // self.every) * self.parts + part) * self.samples
        indices = range(first, first + self.samples)
        found = self._pool.map(lambda index: self.conversations.first(self.seed, index, self._sample), indices)
        batch = collate(list(found), self.encoder.tokenizer)
        if self.conversations.skipped >= max(2 * self._told, 1):  # at the first, then whenever they have doubled
            self._told = self.conversations.skipped
            say(self.conversations.problems, style="yellow")
        return batch

    def _sample(self, conversation: Conversation) -> ChatSample:
        return self.encoder.sample(conversation, read_pictures(conversation))

    def loss(self, system: DualSystem, batch: ChatBatch) -> tuple[Tensor, dict[str, Tensor], int]:
        loss = system.planner.text_loss(read_chat(system.planner, batch), batch.tokens)
        return loss, {"text": loss}, len(batch.tokens.ids)
