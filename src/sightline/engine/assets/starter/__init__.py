"""Collection ``starter``: 17 kinds of things in nine colours, drawn by a few lines each."""
