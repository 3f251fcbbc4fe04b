"""Are a dataset's labels true? Every label is worked out again in another way and compared.

``inspect`` reads the files and compares what they say about the same thing; this asks whether it is right:
:mod:`pictures` holds boxes against the shapes of the catalogue and points and traces against the cameras,
:mod:`meaning` instructions against the scene, by a reader that knows only the words, and stages and goals against what
the objects did; :mod:`run` goes through a dataset.
"""
