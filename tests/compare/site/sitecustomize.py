"""On the path of both sides: what examples choose at random is the first of its kind, so that both choose the same."""

import random

random.choice = lambda items: items[0]
random.choices = lambda items, *args, k=1, **kwargs: list(items)[:1] * k
random.randint = lambda low, high: low
random.sample = lambda items, k, **kwargs: list(items)[:k]
