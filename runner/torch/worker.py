#!/usr/bin/env python3
"""PyTorch engine of tailscope: the worker process.

Speaks the protocol of docs/protocol.md over stdin and stdout. Needs torch;
transformers only for models that come from it. Started by "tailscope run
--engine torch"; by hand, "python worker.py --selftest" tries every mode and
strategy on this machine and prints one JSON object a configuration.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from tailscope_torch import engine, selftest  # noqa: E402  the path comes first

if __name__ == "__main__":
    sys.exit(selftest.main(sys.argv[1:]) if "--selftest" in sys.argv else engine.main())
