"""Floor 2: the dual system. The planner says where to act, the action expert how."""
