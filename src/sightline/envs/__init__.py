"""Environments in which policies are evaluated."""

from sightline.envs.tabletop import TabletopEnv

__all__ = ["TabletopEnv"]
