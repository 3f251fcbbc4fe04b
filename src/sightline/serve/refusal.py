"""A request that is not done: why, and which of its fields is to blame."""

from __future__ import annotations

from typing import Any

from sightline.core.errors import SightlineError

BAD_REQUEST, BUSY, QUEUE_TIMEOUT, STOPPING = "bad_request", "busy", "queue_timeout", "stopping"
CARD_MISMATCH, FAILED, UNSUPPORTED = "card_mismatch", "inference_failed", "unsupported"


class Refusal(SightlineError):
    """One sentence for the client.

    Attributes:
        code: what kind of refusal, one of the constants above.
        field: of the request; "" where none is to blame.
        more: further entries of the answer.
    """

    def __init__(self, message: str, field: str = "", code: str = BAD_REQUEST, **more: Any) -> None:
        super().__init__(message)
        self.code, self.field, self.more = code, field, more

    def answer(self) -> dict[str, Any]:
        """What the client is sent."""
        field = {"field": self.field} if self.field else {}
        return {"type": "error", "code": self.code, "message": str(self), **field, **self.more}
