# SPDX-License-Identifier: BSD-3-Clause
"""One profile for hypothesis: no deadlines (machines differ), and the same examples in every run."""

from hypothesis import settings

settings.register_profile("multinoulli", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("multinoulli")
