"""The settings that a running system leaves in its data folder."""

from pathlib import Path

from flows.settings import Settings, load

RUNNING = Path("run") / "settings.toml"  # of `up`, within the data folder
SENDING = Path("run") / "execute.toml"  # of the executor that began last


def running_settings(config: Path | None, data: Path | None) -> Settings:
    """From the settings file at `config`; without one, from what `up` wrote into the data folder, or the defaults.
    Raises SettingsError.
    """
    written = (data or Settings().data) / RUNNING
    return load(config or (written if written.exists() else None), data=data)
