"""The page stands alone and runs nothing but itself."""

import base64
import hashlib
import re

from gateway.console import content_security_policy, page


def test_the_page_names_no_other_host():
    outside = [url for url in re.findall(r"https?://[^\s'\"<>`]+", page()) if "www.w3.org/2000/svg" not in url]
    assert outside == []


def test_the_policy_allows_exactly_the_script_and_the_style_of_the_page():
    for element in ("script", "style"):
        found = re.findall(rf"<{element}>(.*?)</{element}>", page(), re.DOTALL)
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in content_security_policy()
    assert "unsafe" not in content_security_policy()


def test_nothing_on_the_page_needs_more_than_the_policy_allows():
    assert not re.search(r"\sstyle=|\son[a-z]+=|innerHTML|eval\(", page())


def test_it_says_what_it_is_to_those_who_cannot_see_it():
    for needed in ('lang="en"', 'role="status"', 'role="alert"', "<caption>", 'scope="col"', "prefers-reduced-motion"):
        assert needed in page()
