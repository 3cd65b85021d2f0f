"""How much of a record's level each challenger may use."""


def alpha_of_challenger(number: int, level: float) -> float:
    """What challenger `number` (from 1) of a division spends of `level`: level / (k (k + 1)).

    All of it together is `level`, however many there will be, so the probability of any false
    record stays below it whatever the dependence of the tests: online Bonferroni, or alpha
    spending (Foster and Stine 2008; Tian and Ramdas 2021). Raises ValueError.
    """
    if number < 1:
        raise ValueError("challengers count from 1")
    return level / (number * (number + 1))
