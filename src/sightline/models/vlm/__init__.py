"""The vision-language model of a planner: Qwen2.5-VL, its prompts, pictures, chat and answers."""
