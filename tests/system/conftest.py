import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import PREFIX


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter (pytest's own tmp_path is 0700)."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}system-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
