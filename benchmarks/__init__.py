# SPDX-License-Identifier: BSD-3-Clause
"""Peers and us, side by side, in one run.

``python -m benchmarks`` writes docs/benchmarks.md, ``python -m benchmarks.accuracy`` docs/accuracy.md.
"""
