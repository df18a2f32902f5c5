#!/usr/bin/env python3
"""PyTorch engine of tailscope: the worker process.

Speaks the protocol of docs/protocol.md over stdin and stdout. Needs torch;
transformers only for models that come from it. Started by "tailscope run
--engine torch".
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from tailscope_torch import engine  # noqa: E402  the path comes first

if __name__ == "__main__":
    sys.exit(engine.main())
