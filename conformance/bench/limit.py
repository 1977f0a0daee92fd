"""What limits decoding: the bytes of weights that a token reads, and how fast memory gives them."""

import json
import subprocess

from harness import paths


def of(model, threads):
    """Both, from `crates/engine-cpu/examples/bandwidth.rs`: one run takes about two seconds."""
    example = paths.target() / "examples" / "bandwidth"
    command = [str(example), str(model), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, check=True)
    return json.loads(done.stdout)
