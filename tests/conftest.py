"""What all tests share: `house`, and that no setting of this machine reaches them."""

from __future__ import annotations

import os

for _name in list(os.environ):
    if _name.startswith("RESCIND_") and not _name.startswith("RESCIND_TEST_"):
        del os.environ[_name]
