"""Drive a robot from a policy server. Needs numpy, msgpack and websockets; speaks to any openpi server too."""

from sightline_client.chunks import Asynchronous, Blocking, Ensemble, RealTime
from sightline_client.client import Patience, PolicyClient
from sightline_client.errors import PhaseTimeout, PolicyError, Refused, Unreachable
from sightline_client.recorder import Recorder, read_recording

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
    "Recorder",
    "Refused",
    "Unreachable",
    "read_recording",
]
