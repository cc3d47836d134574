"""The tree stays in order: one idea per file, nothing undocumented, no path or host that is only ours."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["market", "venues", "sources", "operators", "sinks", "flows", "simulator", "gateway"]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_FILE_LINES = 320


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_files() -> list[Path]:
    """Files that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in answer.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_its_idea_and_keeps_to_it(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "it has no docstring"
    assert len(text.splitlines()) <= LONGEST_FILE_LINES, "look for the second idea"


def test_every_package_folder_is_a_package() -> None:
    folders = {path.parent for path in MODULES}
    assert [name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_file_names_a_path_of_one_machine_or_a_package_host() -> None:
    ours = re.compile(
        r"(/work/|/root/|/home/\w+/|\.\./shared/|pypi\.org|pythonhosted|registry\.npmjs)".replace("pypi", "py" + "pi")
    )
    allowed = {".ci/run", "tests/test_tidy.py"}  # the captures of the continuous integration lie beside the checkout
    found = [
        f"{name(path)}: {match.group()}"
        for path in text_files()
        if name(path) not in allowed and path.suffix not in {".png", ".gz", ".zst"}
        for match in ours.finditer(path.read_text("utf-8", errors="ignore"))
    ]
    assert found == []


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|#)([^)#]+)")
    broken = [
        f"{name(path)}: {target}"
        for path in text_files()
        if path.suffix == ".md"
        for target in link.findall(path.read_text())
        if not (path.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("page", "script"),
    [
        ("tables.md", "table_page.py"),
        ("cookbook.md", "cookbook_page.py"),
        ("metrics.md", "metric_page.py"),
        ("operators.md", "operator_page.py"),
    ],
)
def test_a_written_page_is_what_its_source_says(page: str, script: str) -> None:
    command = [sys.executable, str(ROOT / "docs" / script)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / page).read_text() == printed, "make docs"


def test_every_table_and_column_has_a_comment() -> None:
    for path in sorted((ROOT / "sql" / "schema").glob("*.sql")):
        text = path.read_text()
        assert text == text.lower() or "DateTime64" in text, name(path)
        columns = re.findall(r"^    (?!index \w)(\w+) .*?(comment '|,?$)", text, re.MULTILINE)
        assert [column for column, comment in columns if not comment.startswith("comment")] == [], name(path)
