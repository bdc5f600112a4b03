"""How the documentation is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from skyburst import __version__  # noqa: E402 - the checkout comes first

project = "Skyburst"
author = "The Skyburst developers"
project_copyright = "The Skyburst developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build", "samples"]
nitpicky = True
# Types of the standard library and of type checkers have no pages here to link to.
nitpick_ignore_regex = [
    ("py:.*", r"(?!skyburst).*"),
    ("py:.*", r"skyburst\..*(Made|Ellipsis)"),
    ("py:.*", r"skyburst\.homes\..*"),  # what is behind a handle
]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"Skyburst {version}"
html_theme_options = {"navigation_with_keys": True}
