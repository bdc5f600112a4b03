"""A strategy for a source of random choices that costs hypothesis one number, however many choices are made from it."""

from __future__ import annotations

import random

from hypothesis import strategies as st

chances = st.integers(0, 2**32 - 1).map(random.Random)
