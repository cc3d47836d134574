"""Where compiled kernels are kept: a folder per module, named after the source that they were compiled from.

Numba knows a cached kernel by its own file and would miss a change in a function or constant that it takes from another
file. So the folder's name has a digest of the module and of all modules of ours that it imports, directly or not:
other source is another folder, and an edit compiles anew only what it can have changed.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numba

ROOT = Path(__file__).parents[1]
KEPT = 3  # folders of older sources per module; the oldest beyond it are removed
_IMPORT = re.compile(
    r"^(?:from (?P<package>(?:market|venues|operators|simulator)[\w.]*) import (?P<names>\([^)]*\)|[^\n]*)"
    r"|import (?P<module>(?:market|venues|operators|simulator)[\w.]*))",
    re.MULTILINE,
)


def use_cache_of(module: Path) -> None:
    """Have the kernels decorated from now on kept with the present source of a module."""
    numba.config.CACHE_DIR = str(_folder(module))  # type: ignore[attr-defined]


@cache
def _folder(module: Path) -> Path:
    digest = hashlib.sha256()
    for path in sorted(sources_of(module)):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    name = ".".join(module.relative_to(ROOT).with_suffix("").parts)
    folder = _home() / f"{name}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        _prune(name)
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def sources_of(module: Path) -> set[Path]:
    """A module's file and the files of all that it imports of ours."""
    found, wanted = set[Path](), [module]
    while wanted:
        path = wanted.pop()
        if path not in found:
            found.add(path)
            wanted += _imports(path)
    return found


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    return tuple(name for match in _IMPORT.finditer(path.read_text("utf-8")) for name in _named(match))


def _named(match: re.Match[str]) -> Iterator[Path]:
    """The files that an import statement may mean: a module, a package, names in a package that are modules."""
    base = match["package"] or match["module"]
    dotted = [base, *(f"{base}.{name}" for name in re.findall(r"\w+", match["names"] or ""))]
    for name in dotted:
        file = ROOT.joinpath(*name.split("."))
        yield from (path for path in (file.with_suffix(".py"), file / "__init__.py") if path.is_file())


@cache
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


def _prune(module: str) -> None:
    """Make room for one more folder."""
    present = sorted(_home().glob(f"{module}-" + "[0-9a-f]" * 16), key=lambda path: path.stat().st_mtime)
    for old in present[: max(0, len(present) - KEPT + 1)]:
        shutil.rmtree(old, ignore_errors=True)
