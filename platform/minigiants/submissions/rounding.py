"""How far measurements of a hidden run are rounded before anybody outside sees them."""

SIGNIFICANT_DIGITS = 3
"""Fine timing could carry hidden inputs out; three digits tell what a person wants to know."""


def rounded(value: float) -> float:
    """`value` to `SIGNIFICANT_DIGITS` significant digits."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
