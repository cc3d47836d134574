"""Write boards and alert rules as JSON, or say with `--check` which files differ from what would be written."""

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.build.alerts import provisioned

ROOT = Path(__file__).parents[1]
BOARDS = ROOT / "boards"
RULES = ROOT / "provisioning" / "alerting" / "rules.json"
NAMES = (
    "market",
    "book",
    "regimes",
    "signals",
    "portfolio",
    "risk",
    "execution",
    "quality",
    "engine",
    "live",
)


def texts() -> Mapping[Path, str]:
    """What every file holds."""
    made = {BOARDS / f"{name}.json": text(import_module(f"dashboards.build.{name}").board().build()) for name in NAMES}
    return {**made, RULES: json.dumps(provisioned(), indent=1, ensure_ascii=False) + "\n"}


def text(board: object) -> str:
    """One board as JSON, the same text for the same board; panels are numbered in their order."""
    made = json.loads(JSONEncoder().encode(board))
    for number, panel in enumerate(made["panels"], start=1):
        panel["id"] = number
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(check: bool) -> int:
    """0; with `check` 1 where a file differs, is missing or is too many."""
    made = texts()
    there = {path: path.read_text("utf-8") for path in [*BOARDS.glob("*.json"), RULES] if path.exists()}
    differing = sorted(path for path in {*made, *there} if made.get(path) != there.get(path))
    if check:
        sys.stdout.writelines(f"{path.name}: run `python -m dashboards.build`\n" for path in differing)
        return bool(differing)
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], "utf-8") if path in made else path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
