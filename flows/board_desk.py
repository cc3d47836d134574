"""What `barograph dashboards` does and says."""

from contextlib import closing

from pydantic import ValidationError

from dashboards.panels import boards
from flows.boards import Grafana, groups
from flows.console import console
from flows.settings import Secrets, Settings
from flows.settings_outward import GrafanaSettings
from market.errors import SettingsError


def run_push(settings: Settings, url: str | None, clickhouse: str | None) -> None:
    """Push, and say what was made or changed."""
    with closing(opened(settings, url)) as grafana:
        if clickhouse is not None:
            password = Secrets().reader_password
            grafana.set_source(clickhouse, password.get_secret_value() if password else None)
            console().print(f"data source barograph asks {clickhouse} as user reader", highlight=False)
        changed = grafana.push()
    for thing in changed:
        word = "made" if thing.state == "missing" else "changed"
        console().print(f"{word} {thing.what} {thing.title} ({thing.uid})", highlight=False)
    if not changed:
        console().print("everything is there already")


def run_list() -> None:
    """Print what there is."""
    for board in boards().values():
        count = sum(panel["type"] != "row" for panel in board["panels"])
        console().print(f"board {board['uid']}: {board['title']}, {count} panels", highlight=False)
    for group in groups():
        for rule in group["rules"]:
            console().print(f"rule {rule['uid']}: {rule['title']}", highlight=False)


def run_check(settings: Settings, url: str | None) -> int:
    """Print how everything stands; 0 where all is the same."""
    with closing(opened(settings, url)) as grafana:
        things = list(grafana.things())
    for thing in things:
        console().print(f"{thing.state} {thing.what} {thing.title} ({thing.uid})", highlight=False)
    return int(any(thing.state != "same" for thing in things))


def opened(settings: Settings, url: str | None) -> Grafana:
    """Grafana as settings and environment say. Raises SettingsError for what is missing."""
    try:
        address = GrafanaSettings(url=url).url if url else settings.grafana.url
    except ValidationError as error:
        raise SettingsError(
            f"--url: {error.errors()[0]['msg'].removeprefix('Value error, ')} (it was {url!r})"
        ) from None
    if not address:
        raise SettingsError("where is Grafana? set [grafana] url in the settings, or say --url http://127.0.0.1:3000")
    token = Secrets().grafana_token
    if token is None:
        raise SettingsError(
            "set BAROGRAPH_GRAFANA_TOKEN: a token of a service account in Grafana, with the role Editor"
        )
    return Grafana(address, token.get_secret_value())
