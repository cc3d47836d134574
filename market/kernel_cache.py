"""Where compiled kernels are kept: a folder named after the source they were compiled from.

Numba knows a cached kernel by its own file and would miss a change in a function or constant that it takes from another
file. So the folder's name is a digest of all source of the package: another source is another folder.
"""

import hashlib
import shutil
from functools import cache
from pathlib import Path

import numba

KEPT = 3  # folders of older sources; the oldest beyond it are removed


def use_cache_of(package: str) -> None:
    """Have the kernels decorated from now on kept with the present source of a top-level package."""
    numba.config.CACHE_DIR = str(_folder(package))  # type: ignore[attr-defined]


@cache
def _folder(package: str) -> Path:
    source = Path(__file__).parents[1] / package
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*.py")):
        digest.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes())
    folder = _home() / f"{package}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        _prune(package)
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _home() -> Path:
    """Beside the source, as Python keeps its own compiled files; in the user's cache where that cannot be written."""
    beside = Path(__file__).parent / "__pycache__" / "kernels"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        (beside / "probe").touch()
        (beside / "probe").unlink(missing_ok=True)
    except OSError:
        return Path.home() / ".cache" / "barograph" / "kernels"
    return beside


def _prune(package: str) -> None:
    """Make room for one more folder."""
    present = sorted(_home().glob(f"{package}-*"), key=lambda path: path.stat().st_mtime)
    for old in present[: max(0, len(present) - KEPT + 1)]:
        shutil.rmtree(old, ignore_errors=True)
