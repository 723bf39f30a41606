# SPDX-License-Identifier: BSD-3-Clause
"""Threads: the same bits whatever their number, from any thread, after fork; counted as users ask."""

import functools
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl

from multinoulli import _core
from multinoulli._threads import single_threaded_blas
from multinoulli.functions import sigmoid
from reference import LABELLED, NAMES, PER_ELEMENT, call

# Each far above what is worth a thread; few classes, many, and few long rows.
SHAPES = [(200_000, 7), (3_000, 500), (12, 100_000)]
# And those that threads share in other ways, with the axis of the classes: rows of more than a megabyte, whole or in
# spans; columns of few classes, many, and more than fit a cache; the same in the middle; columns too few to stay so.
LAYOUTS = [
    *((shape, 1) for shape in SHAPES),
    ((1, 3_000_000), 1),
    ((3, 700_001), 1),
    ((9, 300_000), 1),
    ((7, 200_003), 0),
    ((500, 3_001), 0),
    ((150_000, 9), 0),
    ((30, 10, 5_003), 1),
    ((5, 200, 1_300), 1),
    ((300_000, 3), 0),
]


@pytest.fixture
def threads():
    before = _core.get_num_threads()
    yield _core.set_num_threads
    _core.set_num_threads(before)


def scores_and_labels(shape, dtype=np.float32, axis=1):
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape, dtype), rng.integers(0, shape[axis], np.delete(shape, axis))


def all_bits(scores, labels, axis=1):
    return {name: np.asarray(call(name, scores, labels, axis=axis)).tobytes() for name in NAMES}


@pytest.mark.parametrize(("shape", "axis"), LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_same_bits_for_any_number_of_threads(threads, shape, axis, dtype, order):
    scores, labels = scores_and_labels(shape, dtype, axis)
    if len(shape) > 2 and order == "F":
        scores = scores.transpose(1, 0, 2).copy().transpose(1, 0, 2)  # as it lies, the classes come first
    scores = np.asarray(scores, order="A" if len(shape) > 2 else order)
    threads(1)
    want = all_bits(scores, labels, axis)
    for number in 2, 7:
        threads(number)
        assert all_bits(scores, labels, axis) == want


@pytest.mark.parametrize(("shape", "axis"), [((2, 700_001), 1), ((9, 300_001), 0), ((90, 30_000), 0)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_same_bits_in_place_and_for_a_wild_row_on_any_number_of_threads(threads, shape, axis, name):
    scores, labels = scores_and_labels(shape, axis=axis)
    rows = np.moveaxis(scores, axis, -1)
    rows[0, -1] = np.nan if name == "softmax" else np.inf
    rows[-1] *= np.float32(1e30)
    threads(1)
    want = np.asarray(call(name, scores, labels, axis=axis)).tobytes()
    for number in 1, 2, 7:
        threads(number)
        assert np.asarray(call(name, scores, labels, axis=axis)).tobytes() == want
        if name in PER_ELEMENT:
            result = scores.copy()
            call(name, result, labels, axis=axis, out=(None, result) if name in LABELLED else result)
            assert result.tobytes() == want


def tasks():
    return len(os.listdir("/proc/self/task"))


def most_tasks_during(work, enough):
    """The largest number of the system's threads seen in this process while `work` is repeated."""
    before, most, deadline, done = tasks(), 0, time.monotonic() + 20, threading.Event()

    def watch():
        nonlocal most
        while not done.is_set() and most < enough:
            most = max(most, tasks())

    watcher = threading.Thread(target=watch)
    watcher.start()
    repeats = 0
    while repeats < 50 or (most < enough < 1000 and time.monotonic() < deadline):
        work()
        repeats += 1
    done.set()
    watcher.join()
    while tasks() > before:  # a thread that has been joined is listed a moment longer
        time.sleep(0.001)
    return most


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="this system does not list a process's threads there")
def test_threads_help_large_calls_only(threads):
    large = np.zeros((500_000, 20), np.float32)
    small = np.zeros((2_000, 20), np.float32)  # some 30 us
    idle = most_tasks_during(lambda: None, 1000)
    threads(4)
    # That the watcher sees them at all says that the interpreter's lock is released meanwhile.
    assert most_tasks_during(lambda: call("softmax", large), idle + 3) == idle + 3
    for shape, axis in [((20, 100_000), 0), ((200, 10_000), 0), ((50, 20, 2_000), 1), ((1, 2_000_000), 1)]:
        work = functools.partial(call, "softmax", np.zeros(shape, np.float32), axis=axis)
        assert most_tasks_during(work, idle + 3) == idle + 3, (shape, axis)
    assert most_tasks_during(lambda: sigmoid(large), idle + 3) == idle + 3
    assert most_tasks_during(lambda: call("softmax", small), 1000) == idle
    assert most_tasks_during(lambda: sigmoid(small), 1000) == idle
    threads(1)
    assert most_tasks_during(lambda: call("softmax", large), 1000) == idle


def test_many_python_threads_at_once(threads):
    threads(3)
    tables = [scores_and_labels(shape) for shape in SHAPES] * 2
    want = [all_bits(*table) for table in tables]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            assert list(pool.map(lambda table: all_bits(*table), tables)) == want


def test_a_bad_label_raises_from_a_thread(threads):
    threads(4)
    scores, labels = scores_and_labels(SHAPES[0])
    labels[-1] = 7
    for name in LABELLED:
        with pytest.raises(ValueError, match="but one is 7 "):
            call(name, scores, labels)


# Without the rest of the package, which takes ten times as long to import.
CORE_ALONE = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("multinoulli._core", sys.argv[1])
core = importlib.util.module_from_spec(spec)
"""


def python(code, before="", **environment):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", before + CORE_ALONE + code, _core.__file__],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


AFTER_FORK = """
import numpy as np
core.set_num_threads(4)
scores = np.random.default_rng(0).standard_normal((100_000, 10))
want = core.softmax(scores)
child = os.fork()
if child == 0:
    os._exit(0 if (core.softmax(scores) == want).all() else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), (core.softmax(scores) == want).all())
"""


def test_after_fork():
    assert python(AFTER_FORK) == "0 True"


WITHOUT_MEMORY = """
import resource
import numpy as np
core.set_num_threads(2)
in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**29, -1))
scores = np.broadcast_to(np.zeros(1), (4, 2**27))  # no memory of its own; gathering a row takes 1 GiB
try:
    core.logsumexp(scores)
except MemoryError as error:
    print(error)
"""


@pytest.mark.skipif(
    not os.path.isdir("/proc/self/task"), reason="this system does not say there how much memory is in use"
)
def test_too_little_memory_raises_from_threads():
    assert python(WITHOUT_MEMORY) == "no memory for a block of rows (4 rows of 134217728 classes)"


NUMBER = "print(core.get_num_threads())"


@pytest.mark.parametrize(("text", "number"), [("3", 3), (" 5 ,2", 5), ("99999999999999999999", 1024)])
def test_omp_num_threads_is_obeyed(text, number):
    assert python(NUMBER, OMP_NUM_THREADS=text) == str(number)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell which processors are ours")
def test_without_a_number_the_processors_of_this_process_count():
    for junk in "", "many", "0", "-2", "4x", ",3":
        assert python(NUMBER, OMP_NUM_THREADS=junk) == str(len(os.sched_getaffinity(0)))
    one = min(os.sched_getaffinity(0))
    pinned = f"import os; os.sched_setaffinity(0, [{one}])\n"
    assert python(NUMBER, pinned, OMP_NUM_THREADS="") == "1"


def test_set_num_threads(threads):
    threads(5)
    assert _core.get_num_threads() == 5
    for wrong in 0, -1, -(10**30):
        with pytest.raises(ValueError, match=f"num_threads must be at least 1, not {wrong}"):
            threads(wrong)
    for wrong in "2", 1.5, None:
        with pytest.raises(TypeError):
            threads(wrong)
    assert _core.get_num_threads() == 5
    threads(10**30)
    assert _core.get_num_threads() == 1024


def test_threadpoolctl_sees_and_limits(threads):
    threads(6)
    (ours,) = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "multinoulli"]
    assert ours["num_threads"] == 6
    assert os.path.samefile(ours["filepath"], _core.__file__)
    with threadpoolctl.threadpool_limits(2):
        assert _core.get_num_threads() == 2
    assert _core.get_num_threads() == 6
    with threadpoolctl.threadpool_limits(1, user_api="multinoulli"):
        assert _core.get_num_threads() == 1
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert _core.get_num_threads() == 6
    assert _core.get_num_threads() == 6


def threads_of_blas():
    return {
        library["filepath"]: library["num_threads"]
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    }


def test_blas_has_its_threads_back_when_calls_on_several_threads_overlap():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = threads_of_blas()
        first, second = single_threaded_blas(), single_threaded_blas()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert set(threads_of_blas().values()) == {1}
        second.__exit__(None, None, None)
        assert threads_of_blas() == before
        assert set(before.values()) == {2}
