"""Writes blocks of the super-block formats with the values that the `gguf` package reads from them.

    python make_block_golden.py > libs/cpu-kernels/tests/fixtures/block_golden.txt
        (in the `oracle` environment)
"""

import gguf
import numpy

SEED = 20261122
# Where the half-precision scales of a block are; the rest is random.
FORMATS = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def main():
    generator = numpy.random.default_rng(SEED)
    print("# name, block, 256 values in single precision; written by make_block_golden.py")
    for name, places in FORMATS.items():
        kind = gguf.GGMLQuantizationType[name]
        block = generator.integers(0, 256, gguf.GGML_QUANT_SIZES[kind][1], dtype=numpy.uint8)
        for place in places:
            scale = generator.uniform(0.001, 0.02, 1).astype("<f2")
            block[place : place + 2] = scale.view(numpy.uint8)
        values = gguf.quants.dequantize(block, kind).astype("<f4")
        print(name.replace("_", ""), block.tobytes().hex(), values.tobytes().hex(), sep="\n")


main()
