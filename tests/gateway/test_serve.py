"""The gateway as a server: it tells its port, answers, and stops when asked."""

import threading

import httpx
import pytest

from gateway.serve import listen, serve
from gateway.shared import Shared
from market.clock import SECOND_NS, ManualClock
from market.errors import SettingsError


def test_it_answers_on_the_port_it_tells_and_stops_when_asked(tmp_path, monkeypatch):
    monkeypatch.delenv("BAROGRAPH_API_KEY", raising=False)
    stop, ready, ports = threading.Event(), threading.Event(), []
    told = {"data": tmp_path, "stop": stop, "ready": lambda port: (ports.append(port), ready.set())}
    worker = threading.Thread(target=serve, args=("http://127.0.0.1:9/barograph", "127.0.0.1", 0), kwargs=told)
    worker.start()
    try:
        assert ready.wait(10)
        with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{ports[0]}") as client:
            assert client.get("/healthz").json() == {"status": "alive"}
            assert client.get("/readyz").status_code == 503
    finally:
        stop.set()
        worker.join(5)
    assert not worker.is_alive()


def test_a_taken_port_is_one_sentence_with_the_way_out():
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match=r"gateway\.port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_it_does_not_listen_for_strangers_without_a_key(tmp_path, monkeypatch):
    monkeypatch.delenv("BAROGRAPH_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="without a key"):
        serve("http://127.0.0.1:9/barograph", "0.0.0.0", 0, data=tmp_path, stop=threading.Event())


def test_a_shared_answer_is_computed_again_only_when_it_is_old():
    clock, computed = ManualClock(), []
    shared = Shared(lambda: computed.append(1) or len(computed), clock, keep_s=1.0)
    assert (shared.get(), shared.get()) == (1, 1)
    clock.advance(SECOND_NS)
    assert shared.get() == 2


def test_a_failure_is_not_kept():
    answers = iter([ValueError("no"), 7])

    def compute():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = Shared(compute, ManualClock(), keep_s=1.0)
    with pytest.raises(ValueError, match="no"):
        shared.get()
    assert shared.get() == 7
