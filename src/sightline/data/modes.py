"""How the numbers of a dataset are normalised, by name."""

# How one dimension becomes an input of the model; the arithmetic is sightline.models.normalisation.Scaler's.
MODES = {
    "q99": "the 1 % and 99 % quantiles become -1 and 1; what lies beyond stays beyond",
    "q99_clipped": "the same, clipped to -1..1 both ways: InternVLA-M1's rule, which loses what lies beyond",
    "min_max": "the smallest and largest value become -1 and 1",
    "mean_std": "zero mean, unit variance",
    "binary": "above 0.5 becomes 1, else 0; back to the largest or smallest value, whichever side of 0.5 it is",
    "none": "left as it is",
}
