"""What the page is made of: its own files, the vendored chart as it was published, and a policy that allows no more."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from gateway.app import app
from gateway.console import POLICY, pages
from tests.gateway.client import Client

OURS = {path: served.body.decode() for path, served in pages().items() if not path.startswith("vendor/")}
SCRIPTS = {path: text for path, text in OURS.items() if path.endswith(".js")}
LONGEST_FILE_LINES = 320


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return Client(app(dsn="http://127.0.0.1:9/barograph", data=tmp_path_factory.mktemp("data")))


def test_the_vendored_chart_is_the_one_that_was_published():
    told = json.loads(pages()["vendor/vendor.json"].body)
    script = pages()[f"vendor/{told['file']}"].body
    assert told["integrity"] == "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()
    assert f"v{told['version']}".encode() in script[:200]


def test_what_its_licence_asks_for_is_there():
    assert "Apache License" in pages()["vendor/LICENSE"].body.decode()
    assert "TradingView" in pages()["vendor/NOTICE"].body.decode()
    assert "Copyright (c) 2019 TradingView" in pages()["vendor/LICENSE.fancy-canvas"].body.decode()
    assert 'href="https://www.tradingview.com/"' in OURS["index.html"]


def test_the_page_loads_from_no_other_host():
    allowed = {"http://www.w3.org/2000/svg", "https://www.tradingview.com/"}  # a name, and a link to click on
    found = {
        url
        for text in OURS.values()
        for url in re.findall(r"(?:https?:|wss?:)?//[a-z][^\s'\"<>`)]+\.[^\s'\"<>`)]+", text)
    }
    assert found <= allowed


def test_the_policy_allows_nothing_but_the_page_itself():
    assert dict(rule.split(" ", 1) for rule in POLICY.split("; ")) == {
        **dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'"),
        **dict.fromkeys(("script-src", "style-src", "connect-src", "img-src"), "'self'"),
    }


@pytest.mark.parametrize("path", sorted(OURS))
def test_no_file_of_the_page_needs_more_than_the_policy_allows(path):
    assert not re.search(
        r"\sstyle=|\son[a-z]+=\"|innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", OURS[path]
    )
    assert len(OURS[path].splitlines()) <= LONGEST_FILE_LINES, "look for the second idea"


@pytest.mark.parametrize("path", sorted(SCRIPTS))
def test_a_script_says_its_idea_and_imports_only_what_is_there(path):
    assert SCRIPTS[path].startswith("// ")
    folder = Path(path).parent
    for name in re.findall(r'from "([^"]+)"', SCRIPTS[path]):
        found = (Path("/") / folder / name).resolve().relative_to("/").as_posix()
        assert found in pages(), f"{path} imports {name}"


def test_what_the_page_names_is_there():
    for path in re.findall(r'(?:href|src)="/page/([^"]+)"', OURS["index.html"]):
        assert path in pages()


def test_every_file_is_served_as_what_it_is_and_not_again_while_it_stays(client):
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript"}
    for path, served in pages().items():
        answer = client.get(f"/page/{path}")
        assert (answer.status_code, answer.content) == (200, served.body)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["content-type"].startswith(kinds.get(Path(path).suffix, ""))
        again = client.get(f"/page/{path}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["../console.py", "..%2fconsole.py", "%2e%2e/keys.py", "js", "js/", "", "js//main.js", "/etc/passwd", "JS/main.js"],
)
def test_nothing_else_is_served(client, path):
    answer = client.get(f"/page/{path}")
    assert answer.status_code == 404
    assert b"import" not in answer.content


def test_the_page_is_what_the_gateway_opens_with(client):
    assert client.get("/").content == pages()["index.html"].body
