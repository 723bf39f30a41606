# SPDX-License-Identifier: BSD-3-Clause
"""What all tests share: one profile for hypothesis, and the marks of other libraries' tests that are run on ours."""

from hypothesis import settings

# No deadlines, machines differ; and the same examples in every run.
settings.register_profile("multinoulli", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("multinoulli")


def pytest_configure(config):
    for mark in "array_api_backends", "skip_xp_backends", "uses_xp_capabilities", "xfail_xp_backends":
        config.addinivalue_line("markers", f"{mark}: of SciPy's own tests; nothing here reads it")
    config.addinivalue_line("markers", "thread_unsafe: of scikit-learn's own tests; nothing here reads it")
