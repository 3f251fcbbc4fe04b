"""Drive a robot from a policy server. Needs numpy, msgpack and websockets; speaks to any openpi server too."""

from sightline_client.chunks import Asynchronous, Blocking, Ensemble, RealTime
from sightline_client.client import Patience, PolicyClient
from sightline_client.errors import PhaseTimeout, PolicyError, Refused, Unreachable

__version__ = "0.1.0"
__all__ = [
    "Asynchronous",
    "Blocking",
    "Ensemble",
    "Patience",
    "PhaseTimeout",
    "PolicyClient",
    "PolicyError",
    "RealTime",
    "Refused",
    "Unreachable",
]
