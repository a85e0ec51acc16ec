"""`python -m slipway_runtime.worker FD`: started by the front process, never by hand."""

import os
import socket
import sys

from slipway_runtime.settings import read_settings
from slipway_runtime.worker.process import run_worker

if __name__ == "__main__":
    sys.exit(run_worker(socket.socket(fileno=int(sys.argv[1])), read_settings(os.environ)))
