# SPDX-License-Identifier: BSD-3-Clause
"""The only place where user input becomes arrays: `scores` for the functions, `estimators` for the classifiers.

They are imported one by one, because the second needs scikit-learn and the functions should not wait for it.
"""
