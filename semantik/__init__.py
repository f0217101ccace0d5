"""The engine of SemantikSearch: finds pictures by what is in them, on the user's own machine."""

import os
import sys

__version__ = "1.0.0"

if sys.platform == "darwin":
    # On macOS torch and faiss each bring a libomp of their own, and the second one to start ends the process ("OMP:
    # Error #15", https://github.com/faiss-wheels/faiss-wheels/issues/73). Every process of the program imports this
    # package first, before either. LLVM calls the variable unsafe: what crashes is faiss computing in parallel beside
    # torch, and in each of its threads faiss uses no other (semantik/index/flat_scans.py).
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
