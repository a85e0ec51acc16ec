"""Variables that native libraries read once, when they are first imported."""

import os

from slipway_runtime.cpu_limit import cpu_limit

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


def prepare_libraries(processes: int) -> None:
    """To be called before a model is loaded, in each of so many processes. What the container's own
    environment says stays.

    BLAS, OpenMP and XLA (`NPROC`: xla/pjrt/utils.cc) else count the machine's cores, not the
    container's, and each process all of them. onnxruntime from 1.29 on (its Privacy.md) and MLflow
    from 3.2 on (https://mlflow.org/docs/latest/community/usage-tracking) else send events to their
    makers, from whatever imports them.
    """
    for name in THREADS:
        os.environ.setdefault(name, str(max(1, cpu_limit() // processes)))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what is left are errors
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def thread_limit() -> int:
    """How many threads the pool of a library may have that does not read the variable itself."""
    value = os.environ.get(THREADS[0], "")
    return int(value) if value.isascii() and value.isdigit() and int(value) > 0 else cpu_limit()
