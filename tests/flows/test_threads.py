"""numpy in every process of ours takes one thread, unless somebody says otherwise."""

import os
import subprocess
import sys

import pytest

SAYS = "import flows.trading, threadpoolctl; print(max(one['num_threads'] for one in threadpoolctl.threadpool_info()))"


@pytest.mark.parametrize(("told", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_matrices_take_as_many_threads_as_they_are_told(told: dict[str, str], threads: str) -> None:
    pytest.importorskip("threadpoolctl")
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core, one thread")
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")} | told
    said = subprocess.run([sys.executable, "-c", SAYS], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == threads
