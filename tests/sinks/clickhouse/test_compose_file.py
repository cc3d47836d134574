"""docker-compose.yml: pinned, on loopback only, without a default secret, and of one mind with what it mounts."""

import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]


def test_the_three_services_are_there() -> None:
    assert set(SERVICES) == {"clickhouse", "barograph", "grafana"}


@pytest.mark.parametrize("name", ["clickhouse", "grafana"])
def test_images_are_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


def test_the_plugin_is_pinned() -> None:
    plugin = SERVICES["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]
    assert re.fullmatch(r"grafana-clickhouse-datasource@\d+\.\d+\.\d+", plugin)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_published_on_loopback_only_and_is_watched(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_the_environment_or_it_does_not_start(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        if re.search("PASSWORD|KEY|DSN", variable):
            assert re.search(r"\$\{\w+:\?[^}]+\}", value), variable


def test_named_volumes_and_configs_exist() -> None:
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
        for config in service.get("configs", []):
            assert config["source"] in COMPOSE["configs"]


def test_grafana_reads_as_the_reader_and_only_reads() -> None:
    folder = ROOT / "dashboards" / "provisioning" / "datasources"
    (source,) = yaml.safe_load((folder / "clickhouse.yaml").read_text("utf-8"))["datasources"]
    assert source["jsonData"]["username"] == "reader"
    asked = re.findall(r"\$\{(\w+)\}", str(source))
    assert set(asked) <= set(SERVICES["grafana"]["environment"])
    users = fromstring(COMPOSE["configs"]["reader"]["content"])
    assert users.findtext("profiles/reader/readonly") == "2"
    grants = [grant.text or "" for grant in users.findall("users/reader/grants/query")]
    assert grants
    assert all(grant.startswith("GRANT SELECT ON ") for grant in grants)


def test_the_settings_it_mounts_are_valid(tmp_path: Path) -> None:
    from flows.settings import load

    path = tmp_path / "barograph.toml"
    path.write_text(COMPOSE["configs"]["barograph"]["content"], "utf-8")
    assert load(path).gateway.host == "0.0.0.0"
