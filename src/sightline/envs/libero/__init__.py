"""LIBERO and LIBERO-PRO: protocol, environment, its worker, recorded episodes, and a check of what is installed."""
