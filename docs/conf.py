# SPDX-License-Identifier: BSD-3-Clause
"""How the documentation is built: ``make docs``."""

from importlib import metadata

project = "multinoulli"
author = "the multinoulli developers"
release = version = metadata.version("multinoulli")
extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"multinoulli {release}"
numpydoc_show_class_members = False
autodoc_typehints = "none"
default_role = "code"
