"""Variables that native libraries read once, when they are first imported."""

import os

from slipway_runtime.cpu_limit import cpu_limit


def prepare_libraries() -> None:
    """To be called before a model is loaded. What the container's own environment says stays.

    BLAS, OpenMP and XLA (`NPROC`: xla/pjrt/utils.cc) else count the machine's cores, not the
    container's. onnxruntime from 1.29 on (its Privacy.md) and MLflow from 3.2 on
    (https://mlflow.org/docs/latest/community/usage-tracking) else send events to their makers, from
    whatever imports them.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        os.environ.setdefault(name, str(cpu_limit()))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what is left are errors
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
