"""TensorFlow's thread pools, which else are as large as the machine."""

import tensorflow

from slipway_runtime.cpu_limit import cpu_limit


def limit_threads() -> None:
    """To be called before TensorFlow runs anything: its pools are made once."""
    tensorflow.config.threading.set_intra_op_parallelism_threads(cpu_limit())
    tensorflow.config.threading.set_inter_op_parallelism_threads(cpu_limit())
