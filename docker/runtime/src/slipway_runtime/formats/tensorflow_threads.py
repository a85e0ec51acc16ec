"""TensorFlow's thread pools, which else are as large as the machine."""

import tensorflow

from slipway_runtime.library_environment import thread_limit


def limit_threads() -> None:
    """To be called before TensorFlow runs anything: its pools are made once."""
    tensorflow.config.threading.set_intra_op_parallelism_threads(thread_limit())
    tensorflow.config.threading.set_inter_op_parallelism_threads(thread_limit())
