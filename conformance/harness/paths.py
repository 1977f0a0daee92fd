"""Where things are: the checkout, the cache, the build directory."""

import os
from pathlib import Path

CONFORMANCE = Path(__file__).resolve().parent.parent
ROOT = CONFORMANCE.parent


def cache():
    default = Path.home() / ".cache" / "galerne"
    return Path(os.environ.get("GALERNE_CACHE") or default)


def target():
    """The release directory of cargo."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release"


def binary():
    return Path(os.environ.get("GALERNE_BIN") or target() / "galerne")


def model_file():
    """The GGUF of the default model: GALERNE_MODEL_FILE says where it is."""
    given = os.environ.get("GALERNE_MODEL_FILE")
    if not given:
        raise SystemExit("set GALERNE_MODEL_FILE to the GGUF file of the default model")
    path = Path(given)
    if not path.is_file():
        raise SystemExit(f"GALERNE_MODEL_FILE={given}: no such file")
    return path
