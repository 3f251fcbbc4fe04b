"""Floor 3: closed-loop rollouts, grounding metrics, probes and reports."""
