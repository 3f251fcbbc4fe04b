"""SimplerEnv: its WidowX tasks, in the port that comes with ManiSkill 3."""
