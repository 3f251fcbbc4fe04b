"""An echo behind a real server, and a client of it."""

from __future__ import annotations

import pytest
from serving import SHORT, Echo, serving

from sightline_client import PolicyClient


@pytest.fixture(scope="module")
def server():
    with serving(Echo) as running:
        yield running


@pytest.fixture
def client(server):
    with PolicyClient(server.address, patience=SHORT) as connected:
        yield connected
