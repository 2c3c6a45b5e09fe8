"""What transformers are made of: prints attention.h, which test-attention.c reads."""
import torch
from torch.nn import GELU, Embedding, LayerNorm, Linear, MultiheadAttention, Sequential

from common import Header


class Positions(torch.nn.Module):
    def __init__(self, positions, units):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(positions, units))

    def forward(self, x):
        return x + self.weight


class Attention(MultiheadAttention):
    def __init__(self, units, heads, causal=False, **more):
        super().__init__(units, heads, batch_first=True, **more)
        self.causal = causal

    def forward(self, x):
        mask = None
        if self.causal:
            mask = torch.full((x.shape[1], x.shape[1]), float("-inf")).triu(1)
        return super().forward(x, x, x, need_weights=False, attn_mask=mask)[0]


class Residual(torch.nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = Sequential(*layers)

    def forward(self, x):
        return self.layers(x) + x


def ours(name):
    return name.replace("layers.", "")


def dense(units, **more):
    return dict({"type": "dense", "units": units, "per_position": True}, **more)


def attention(heads, **more):
    return dict({"type": "attention", "heads": heads}, **more)


def residual(*layers):
    return {"type": "residual", "layers": list(layers)}


def embedding(vocabulary, units):
    return {"type": "embedding", "vocabulary": vocabulary, "units": units}


POSITIONS = {"type": "position_embedding"}

header = Header("attention.py")
header.case("embedding", [embedding(7, 4), dense(3)], Sequential(Embedding(7, 4), Linear(4, 3)), 4, [5],
            vocabulary=7, classes=3)
header.case("position_embedding", [dense(4), POSITIONS, dense(3)],
            Sequential(Linear(3, 4), Positions(5, 4), Linear(4, 3)), 4, [5, 3], classes=3)
header.case("embedding and position_embedding", [embedding(9, 6), POSITIONS, dense(3, bias=False)],
            Sequential(Embedding(9, 6), Positions(5, 6), Linear(6, 3, bias=False)), 4, [5], vocabulary=9, classes=3)
for heads, causal, positions, units, rows in ((1, False, 5, 4, 3), (1, True, 5, 4, 3), (2, False, 6, 6, 4),
                                              (3, True, 7, 15, 2), (2, True, 1, 4, 3), (2, False, 70, 6, 3),
                                              (2, True, 70, 6, 3), (1, True, 150, 5, 2), (4, True, 300, 4, 1)):
    header.case("attention, %d heads%s, %d rows of [%d, %d]" % (heads, ", causal" if causal else "", rows, positions,
                                                               units),
                [dense(units), attention(heads, causal=causal), dense(2)],
                Sequential(Linear(3, units), Attention(units, heads, causal), Linear(units, 2)),
                rows, [positions, 3], scale=1 / 64, x_scale=1 / 16, classes=2, tolerance=4 if positions > 64 else 1)
header.case("attention without bias", [dense(4), attention(2, bias=False)],
            Sequential(Linear(3, 4), Attention(4, 2, bias=False)), 3, [5, 3], scale=1 / 32)
header.case("attention first", [attention(2, causal=True)], Sequential(Attention(6, 2, True)), 3, [5, 6], scale=1 / 32)
header.case("attention with large scores", [dense(4), attention(2, causal=True)],
            Sequential(Linear(3, 4), Attention(4, 2, True)), 3, [5, 3], scale=1 / 16, tolerance=10)
NORM = {"type": "layer_norm"}
header.case("two blocks",
            [embedding(11, 8), POSITIONS, residual(NORM, attention(2, causal=True)),
             residual(NORM, dense(16), {"type": "gelu"}, dense(8)), residual(NORM, attention(4, causal=True)),
             residual(NORM, dense(16), {"type": "gelu"}, dense(8)), NORM, dense(11, bias=False)],
            Sequential(Embedding(11, 8), Positions(12, 8), Residual(LayerNorm(8), Attention(8, 2, True)),
                       Residual(LayerNorm(8), Linear(8, 16), GELU(), Linear(16, 8)),
                       Residual(LayerNorm(8), Attention(8, 4, True)),
                       Residual(LayerNorm(8), Linear(8, 16), GELU(), Linear(16, 8)), LayerNorm(8),
                       Linear(8, 11, bias=False)),
            3, [12], vocabulary=11, classes=11, scale=1 / 64, rename=ours,
            offsets={"2.0.weight": 1, "3.0.weight": 1, "4.0.weight": 1, "5.0.weight": 1, "6.weight": 1}, tolerance=2)
header.end()
