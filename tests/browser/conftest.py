"""A real Chromium on a real server.

Without a Chromium these tests are skipped, or fail where RESCIND_TEST_BROWSER=required.
RESCIND_TEST_CHROMIUM names another program than the one on the path.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

# A machine that others use, too, may be slow.
expect.set_options(timeout=30_000)
# The house these tests visit stands with the integration tests.
sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))


@pytest.fixture(scope="module")  # Playwright holds an event loop that asyncio tests must not meet
def browser() -> Iterator[Browser]:
    program = os.environ.get("RESCIND_TEST_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if program is None:
        if os.environ.get("RESCIND_TEST_BROWSER") == "required":
            pytest.fail("there is no Chromium on the path", pytrace=False)
        pytest.skip("there is no Chromium on the path")
    arguments = ["--disable-dev-shm-usage", "--disable-gpu"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()
