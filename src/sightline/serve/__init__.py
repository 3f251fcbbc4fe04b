"""Floor 4: policies for robots and programs elsewhere. docs/protocol.md describes every message."""
