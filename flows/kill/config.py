"""The settings that a running system leaves in its data folder."""

import logging
from pathlib import Path

from flows.settings import Settings, load

RUNNING = Path("run") / "settings.toml"  # of `up`, within the data folder
SENDING = Path("run") / "execute.toml"  # of the executor that began last

log = logging.getLogger("barograph.settings")


def running_settings(config: Path | None, data: Path | None) -> Settings:
    """From the settings file at `config`; without one, from what `up` wrote into the data folder, or the defaults. Says
    which it was. Raises SettingsError.
    """
    if config is None:
        written = (data or Settings().data) / RUNNING
        config = written if written.exists() else None
    log.warning("settings: %s", config or "the defaults")
    return load(config, data=data)
