"""Question-answer pairs for vision-language models, made from the labels that a dataset stores.

One file a family of questions (grounding, space, reasoning, planning). :mod:`picture` holds what is known of a picture,
:mod:`templates` the wording, :mod:`formats` how answers are written; :mod:`asking` chooses what is asked,
:mod:`stream` writes the file.
"""
