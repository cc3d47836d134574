"""Boards as code: one module per board, on Grafana's foundation SDK; `python -m dashboards.build` writes their JSON.

Boards are of the classic schema, which every Grafana reads from files and over its API. The SDK would rather have the
newer one, which only the newest do, and warns of it when it is imported.
"""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    from grafana_foundation_sdk.builders import dashboard as _dashboard  # noqa: F401
    from grafana_foundation_sdk.builders import timeseries as _timeseries  # noqa: F401
    from grafana_foundation_sdk.cog import plugins as _plugins  # noqa: F401
