"""Sightline: spatially guided vision-language-action policies. First where to act, then how to act."""

__version__ = "0.1.0"
