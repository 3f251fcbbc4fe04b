"""Is one policy better than another? What ``sightline compare`` answers from the rows of evaluations."""
