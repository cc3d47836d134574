"""Grafana Live beside the webhooks: shown every event that comes, waited for by nobody."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

from flows.settings import Secrets, Settings
from market.clock import Clock
from market.metrics import Metrics
from sinks.webhook.follower import Offer

log = logging.getLogger("barograph.grafana")


@contextmanager
def live_offer(settings: Settings, clock: Clock, metrics: Metrics) -> Iterator[Offer | None]:
    """Where events are shown, None where nobody wants to see them."""
    token = Secrets().grafana_token
    if settings.grafana.url and token is None:
        log.warning("grafana.url is set and BAROGRAPH_GRAFANA_TOKEN is not: nothing is pushed to Grafana Live")
    if not settings.grafana.url or token is None:
        yield None
        return
    from sinks.grafana_live import GrafanaLive

    with closing(GrafanaLive(settings.grafana.url, token.get_secret_value(), clock=clock, metrics=metrics)) as live:
        live.start()
        yield live.offer
