"""A websocket server that listens, or says why it cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve

from sightline.core.errors import SightlineError


async def listen(
    connection: Callable[[ServerConnection], Awaitable[None]], host: str, port: int, **options: Any
) -> Server:
    """Listen for connections, uncompressed and without a word about the software.

    Args:
        options: of websockets' ``serve``.

    Raises SightlineError where the address cannot be had.
    """
    try:
        return await serve(connection, host, port, compression=None, server_header=None, **options)
    except OSError as error:
        raise SightlineError(
            f"Nothing can listen on {host}:{port} ({error.strerror or error}); choose another --port."
        ) from None
