"""3D image reconstruction with deep learning, small enough to read in one sitting.

>>> import recon3d_lite as r3d
>>> sorted(r3d.__all__)
['Reconstruction', 'explorer', 'reconstruct']
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Reconstruction", "explorer", "reconstruct"]

# TensorFlow takes seconds to import: a name is fetched from its module when it is first used.
_HOME = {"reconstruct": "reconstruction", "Reconstruction": "reconstruction", "explorer": "widgets"}


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
