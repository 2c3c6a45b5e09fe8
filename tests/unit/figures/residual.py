"""Residual blocks: prints residual.h, which test-residual.c reads."""
import torch
from torch.nn import GELU, Linear, ReLU, Sequential, Tanh

from common import Header


class Residual(torch.nn.Module):
    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers = Sequential(*layers)
        if shortcut:
            self.shortcut = Sequential(*shortcut)

    def forward(self, x):
        return self.layers(x) + (self.shortcut(x) if hasattr(self, "shortcut") else x)


def ours(name):
    return name.replace("layers.", "")


def dense(units, **more):
    return dict({"type": "dense", "units": units}, **more)


header = Header("residual.py")
header.case("a block", [dense(4), {"type": "residual", "layers": [{"type": "relu"}, dense(4)]}, dense(3)],
            Sequential(Linear(5, 4), Residual([ReLU(), Linear(4, 4)]), Linear(4, 3)), 3, [5], rename=ours)
header.case("a block at either end",
            [{"type": "residual", "layers": [dense(5), {"type": "tanh"}]}, {"type": "residual", "layers": [dense(5)]}],
            Sequential(Residual([Linear(5, 5), Tanh()]), Residual([Linear(5, 5)])), 3, [5], rename=ours)
header.case("a shortcut",
            [dense(4), {"type": "residual", "layers": [dense(6), {"type": "tanh"}], "shortcut": [dense(6, bias=False)]},
             dense(3)],
            Sequential(Linear(5, 4), Residual([Linear(4, 6), Tanh()], [Linear(4, 6, bias=False)]), Linear(6, 3)),
            3, [5], rename=ours)
header.case("an activation as shortcut",
            [{"type": "residual", "layers": [dense(5)], "shortcut": [{"type": "tanh"}]}, dense(3)],
            Sequential(Residual([Linear(5, 5)], [Tanh()]), Linear(5, 3)), 3, [5], rename=ours)
header.case("blocks in blocks",
            [dense(4),
             {"type": "residual",
              "layers": [{"type": "residual", "layers": [{"type": "tanh"}, dense(4)]}, {"type": "identity"},
                         {"type": "residual", "layers": [dense(4), {"type": "gelu"}, {"type": "gelu"}]}]},
             {"type": "residual",
              "layers": [dense(2), {"type": "residual", "layers": [{"type": "identity"}]}],
              "shortcut": [{"type": "residual", "layers": [dense(4)], "shortcut": [dense(4)]}, dense(2)]}],
            Sequential(Linear(5, 4),
                       Residual([Residual([Tanh(), Linear(4, 4)]), torch.nn.Identity(),
                                 Residual([Linear(4, 4), GELU(), GELU()])]),
                       Residual([Linear(4, 2), Residual([torch.nn.Identity()])],
                                [Residual([Linear(4, 4)], [Linear(4, 4)]), Linear(4, 2)])),
            3, [5], scale=1 / 32, rename=ours)
header.case("a dense layer per position", [dense(4, per_position=True), {"type": "tanh"}, dense(3, per_position=True)],
            Sequential(Linear(5, 4), Tanh(), Linear(4, 3)), 3, [7, 5], classes=3)
header.end()
