"""Run by Python of an environment that has openpi-client and nothing of ours: what a robot's program does."""

import json
import sys
import time
import urllib.request

import numpy as np
from openpi_client.action_chunk_broker import ActionChunkBroker
from openpi_client.websocket_client_policy import WebsocketClientPolicy

port = int(sys.argv[1])
picture = np.full((16, 16, 3), 127, np.uint8)


def observation(value):
    return {
        "observation/front_image": picture,
        "observation/wrist_image": picture,
        "observation/state": np.array([value, 0, 0], np.float32),
        "prompt": "put it there",
    }


policy = WebsocketClientPolicy(host="127.0.0.1", port=port, api_key="swordfish")
broker = ActionChunkBroker(policy, action_horizon=4)
answer = policy.infer(observation(3.0))
print(
    json.dumps(
        {
            "metadata": policy.get_server_metadata()["policy_server_config"],
            "actions": answer["actions"].tolist(),
            "dtype": answer["actions"].dtype.str,
            "timing": answer["server_timing"],
            "stepwise": [broker.infer(observation(5.0))["actions"].tolist() for _ in range(5)],
            "error": policy.infer({"prompt": "nothing else"}),
            "after": policy.infer(observation(1.0))["actions"][0].tolist(),
            "reset": policy.infer({"endpoint": "reset"}),
            "health": urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").read().decode(),
        }
    ),
    flush=True,
)
sys.stdin.readline()  # the server was stopped and started again meanwhile
try:
    policy.infer(observation(1.0))
    raise SystemExit("the connection should be gone")
except Exception as error:
    lost = type(error).__name__
for _ in range(100):  # openpi's own client does not wait for a server that is not there
    try:
        policy = WebsocketClientPolicy(host=f"ws://127.0.0.1:{port}", api_key="swordfish")
        break
    except OSError:
        time.sleep(0.1)
print(json.dumps({"lost": lost, "again": policy.infer(observation(2.0))["actions"][0].tolist()}), flush=True)
