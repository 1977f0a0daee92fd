"""The forward pass of BERT and XLM-R in double precision, from the weights of a GGUF file."""

import gguf
import numpy
from gguf.quants import dequantize


class Encoder:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        field = lambda key: reader.fields[key].contents()  # noqa: E731
        self.layers = field("bert.block_count")
        self.heads = field("bert.attention.head_count")
        self.epsilon = field("bert.attention.layer_norm_epsilon")
        self.tensors = {
            tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(numpy.float64)
            if tensor.name != "token_embd.weight"
            else tensor
            for tensor in reader.tensors
        }

    def vector(self, tokens):
        """The mean of the tokens' vectors, of length one."""
        table = self.tensors["token_embd.weight"]
        rows = dequantize(table.data[tokens], table.tensor_type).astype(numpy.float64)
        hidden = rows + self.tensors["position_embd.weight"][: len(tokens)]
        hidden = self._norm("token_embd_norm", hidden + self.tensors["token_types.weight"][0])
        for layer in range(self.layers):
            hidden = self._layer(f"blk.{layer}.", hidden)
        mean = hidden.mean(axis=0)
        return mean / numpy.linalg.norm(mean)

    def _layer(self, name, hidden):
        count, width = hidden.shape
        split = (count, self.heads, width // self.heads)
        query, key, value = (
            self._apply(f"{name}attn_{part}", hidden).reshape(split).transpose(1, 0, 2)
            for part in "qkv"
        )
        scores = query @ key.transpose(0, 2, 1) / numpy.sqrt(split[2])
        weights = numpy.exp(scores - scores.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        attended = (weights @ value).transpose(1, 0, 2).reshape(count, width)
        hidden = self._norm(
            f"{name}attn_output_norm", hidden + self._apply(f"{name}attn_output", attended)
        )
        wide = gelu(self._apply(f"{name}ffn_up", hidden))
        return self._norm(
            f"{name}layer_output_norm", hidden + self._apply(f"{name}ffn_down", wide)
        )

    def _apply(self, name, rows):
        return rows @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def _norm(self, name, rows):
        centred = rows - rows.mean(axis=1, keepdims=True)
        deviation = numpy.sqrt((centred**2).mean(axis=1, keepdims=True) + self.epsilon)
        return centred / deviation * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]


def gelu(values):
    """The exact one, by the error function."""
    return 0.5 * values * (1 + _erf(values / numpy.sqrt(2)))


# math.erf at points so close that Hermite interpolation between them is exact to 1e-15.
_STEP = 1 / 512
_POINTS = numpy.arange(-8, 8 + _STEP, _STEP)


def _table():
    import math

    return numpy.array([math.erf(point) for point in _POINTS])


_ERF = _table()
_SLOPE = 2 / numpy.sqrt(numpy.pi) * numpy.exp(-(_POINTS**2))


def _erf(values):
    inside = numpy.clip(values, -7.999, 7.999)
    index = ((inside + 8) / _STEP).astype(int)
    t = (inside - _POINTS[index]) / _STEP
    left, right = _ERF[index], _ERF[index + 1]
    slopes = _SLOPE[index] * _STEP, _SLOPE[index + 1] * _STEP
    return (
        (1 + 2 * t) * (1 - t) ** 2 * left
        + t * (1 - t) ** 2 * slopes[0]
        + t**2 * (3 - 2 * t) * right
        + t**2 * (t - 1) * slopes[1]
    )
