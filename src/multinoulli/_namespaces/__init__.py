# SPDX-License-Identifier: BSD-3-Clause
"""Arrays that are not NumPy's, computed in the namespace they come from, with their derivatives and on their device.

The formulas are those of `_formulas`, not the compiled core: a few units in the last place where the core promises two.
Values that are not known yet (under `jax.jit`) cannot be checked: what would raise gives NaN.
"""

from multinoulli._namespaces._find import Foreign, foreign

__all__ = ["Foreign", "foreign"]
