"""Imports TensorFlow without its start-up messages: they go to the C library's standard error, past Python's.

An import that fails still raises. Whoever wants the messages sets TF_CPP_MIN_LOG_LEVEL to 0 first.
"""

import os
import sys

if "tensorflow" not in sys.modules and os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow

        tensorflow.config.list_physical_devices("GPU")  # a machine without one complains when first asked
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
