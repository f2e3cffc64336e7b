"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """In CI the shared recordings must be there."""
    if os.environ.get("CI") == "true" and not SHARED.is_dir():
        raise pytest.UsageError(
            "CI needs the shared recordings beside the checkout; it may not skip tests that read them"
        )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings beside the checkout; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the recordings of ../shared/data, which are not here")
    return SHARED
