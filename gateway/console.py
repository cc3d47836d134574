"""The console page: one HTML file that needs nothing else, and the policy that keeps a browser to what is in it."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files


@cache
def page() -> str:
    """The page."""
    return files("gateway").joinpath("console.html").read_text("utf-8")


@cache
def content_security_policy() -> str:
    """Only the page's own style and script, known by their hashes, and requests to where it came from."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash('style')}'",
            f"script-src '{_hash('script')}'",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(element: str) -> str:
    """What CSP calls the hash of the page's one <style> or <script>."""
    found = re.search(rf"<{element}>(.*?)</{element}>", page(), re.DOTALL)
    assert found is not None
    return "sha256-" + base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
