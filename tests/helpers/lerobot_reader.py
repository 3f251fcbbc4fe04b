"""Runs in an environment of its own with stock lerobot: prints, as one JSON line, what it reads from a dataset."""

import json
import sys
from pathlib import Path

from lerobot.datasets.lerobot_dataset import LeRobotDataset
from torch.utils.data import DataLoader

root = Path(sys.argv[1])
fps = json.loads((root / "meta/info.json").read_text())["fps"]
chunk = {"action": [step / fps for step in range(4)]}
data = LeRobotDataset("local/dataset", root=root, video_backend="pyav", delta_timestamps=chunk)
cameras = data.meta.camera_keys
frames = []
for batch in DataLoader(data, batch_size=16):
    for row in range(len(batch["index"])):
        frames.append(
            {
                "episode": int(batch["episode_index"][row]),
                "state": batch["observation.state"][row].tolist(),
                "actions": batch["action"][row].tolist(),
                "task": batch["task"][row],
                "means": {key: (255 * batch[key][row]).mean(dim=(1, 2)).tolist() for key in cameras},
            }
        )
print(json.dumps({"episodes": data.num_episodes, "cameras": cameras, "frames": frames}))
