"""What noise allows to be said of a board: pure functions over arrays.

They know no rows and no files, and import NumPy and SciPy: the web application imports them only
where a figure is computed, never at its start. `docs/statistics.md` names each method's source.

Throughout, T is the number of models in the board's order, n the number of examples, R the number
of resamples; smaller is better for everything that is compared.
"""
