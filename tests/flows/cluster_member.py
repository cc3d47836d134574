"""One member of a market cluster that goes through a journal once: python -m tests.flows.cluster_member CONFIG NUMBER
DSN SPEED.
"""

import sys
import threading
from pathlib import Path

from flows.cluster import member_of
from flows.market import run_market
from flows.settings import load

if __name__ == "__main__":
    config, number, dsn, speed = sys.argv[1:]
    settings = load(Path(config))
    member = member_of(int(number), settings.flow.workers, settings.flow.addresses)
    pace = None if speed == "max" else float(speed)
    run_market(settings, stop=threading.Event(), follow=False, speed=pace, dsn=dsn, member=member)
