"""Convolutions and pools: prints conv.h, which test-conv.c reads."""
from torch.nn import (AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU,
                      Sequential, Tanh)

from common import Header


def conv(filters, kernel, **more):
    return dict({"type": "conv2d", "filters": filters, "kernel": kernel}, **more)


def pool(kind, kernel, **more):
    return dict({"type": kind, "kernel": kernel}, **more)


class Plane(Module):
    """[height, width] to one channel."""

    def forward(self, x):
        return x.unsqueeze(1)


class Residual(Module):
    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers = Sequential(*layers)
        if shortcut:
            self.shortcut = Sequential(*shortcut)

    def forward(self, x):
        return self.layers(x) + (self.shortcut(x) if hasattr(self, "shortcut") else x)


header = Header("conv.py")
header.case("a convolution", [conv(3, 3)], Sequential(Conv2d(2, 3, 3)), 3, [2, 7, 9])
header.case("of one plane", [conv(3, [3, 2]), {"type": "flatten"}, {"type": "dense", "units": 3}],
            Sequential(Plane(), Conv2d(1, 3, (3, 2)), Flatten(), Linear(36, 3)), 4, [5, 5],
            rename=lambda name: "%d.%s" % (int(name[0]) - 1, name[2:]))
header.case("stride and padding",
            [conv(2, 1), conv(3, [3, 4], stride=[2, 3], padding=[1, 2])],
            Sequential(Conv2d(2, 2, 1), Conv2d(2, 3, (3, 4), (2, 3), (1, 2))), 3, [2, 8, 9])
header.case("groups, without bias",
            [conv(4, 1, bias=False), conv(6, [3, 2], groups=2, padding=1, bias=False)],
            Sequential(Conv2d(2, 4, 1, bias=False), Conv2d(4, 6, (3, 2), groups=2, padding=1, bias=False)),
            3, [2, 6, 5])
header.case("a group for each channel", [conv(3, 1), conv(6, 3, groups=3, padding=1)],
            Sequential(Conv2d(2, 3, 1), Conv2d(3, 6, 3, groups=3, padding=1)), 3, [2, 6, 5])
header.case("kernel rows apart", [conv(9, 1), conv(5, 3, padding=1)],
            Sequential(Conv2d(2, 9, 1), Conv2d(9, 5, 3, padding=1)), 3, [2, 9, 8])
header.case("kernel rows apart, groups", [conv(18, 1), conv(4, 3, padding=1, groups=2)],
            Sequential(Conv2d(2, 18, 1), Conv2d(18, 4, 3, padding=1, groups=2)), 3, [2, 9, 8], scale=1 / 32)
header.case("several images at a time", [conv(9, 1), conv(5, 3, padding=1)],
            Sequential(Conv2d(2, 9, 1), Conv2d(9, 5, 3, padding=1)), 7, [2, 3, 4])
header.case("several images at a time, stride 2", [conv(9, 1), conv(5, 3, padding=1, stride=2)],
            Sequential(Conv2d(2, 9, 1), Conv2d(9, 5, 3, 2, 1)), 9, [2, 7, 6])
header.case("several images at a time, few weights", [conv(2, 1), conv(3, 3)],
            Sequential(Conv2d(2, 2, 1), Conv2d(2, 3, 3)), 9, [2, 5, 5])
header.case("more padding than kernel", [conv(2, 1), conv(2, [2, 3], padding=[3, 4])],
            Sequential(Conv2d(2, 2, 1), Conv2d(2, 2, (2, 3), padding=(3, 4))), 3, [2, 3, 2])
header.case("a kernel beyond the image", [conv(2, 1), conv(2, [5, 7], padding=[3, 3])],
            Sequential(Conv2d(2, 2, 1), Conv2d(2, 2, (5, 7), padding=3)), 3, [2, 2, 2])
header.case("an image of several tiles", [conv(12, 1), conv(2, 5, padding=[1, 0])],
            Sequential(Conv2d(1, 12, 1), Conv2d(12, 2, 5, padding=(1, 0))), 2, [1, 61, 50], scale=1 / 64)
for kind, module in (("max_pool", MaxPool2d), ("avg_pool", AvgPool2d)):
    for name, more, theirs in (("2 by 2", {"kernel": 2}, (2,)),
                               ("overlap and padding", {"kernel": [3, 4], "stride": 2, "padding": [1, 2]},
                                ((3, 4), 2, (1, 2))),
                               ("stride 1", {"kernel": [2, 3], "stride": 1}, ((2, 3), 1)),
                               ("gaps", {"kernel": [1, 2], "stride": [2, 3]}, ((1, 2), (2, 3)))):
        header.case("%s, %s" % (kind, name), [conv(3, 2), dict({"type": kind}, **more)],
                    Sequential(Conv2d(2, 3, 2), module(*theirs)), 3, [2, 8, 10])
header.case("global_avg_pool", [conv(3, 2), {"type": "global_avg_pool"}],
            Sequential(Conv2d(2, 3, 2), AdaptiveAvgPool2d(1), Flatten()), 3, [2, 6, 5])
header.case("global_max_pool", [conv(3, 2), {"type": "global_max_pool"}],
            Sequential(Conv2d(2, 3, 2), AdaptiveMaxPool2d(1), Flatten()), 3, [2, 6, 5])
header.case("a network",
            [conv(4, 3), {"type": "relu"}, pool("max_pool", 2), conv(6, 3, padding=1), {"type": "tanh"},
             pool("avg_pool", 2), {"type": "flatten"}, {"type": "dense", "units": 5}],
            Sequential(Conv2d(1, 4, 3), ReLU(), MaxPool2d(2), Conv2d(4, 6, 3, padding=1), Tanh(), AvgPool2d(2), Flatten(),
                       Linear(24, 5)), 5, [1, 12, 13], classes=5, scale=1 / 64)
header.case("blocks",
            [conv(3, 3, padding=1), {"type": "relu"},
             {"type": "residual", "layers": [conv(3, 3, padding=1), {"type": "relu"}, conv(3, 3, padding=1)]},
             {"type": "relu"},
             {"type": "residual", "layers": [{"type": "relu"}, conv(4, 3, padding=1, stride=2), {"type": "relu"}],
              "shortcut": [conv(4, 1, stride=2), {"type": "relu"}]},
             {"type": "relu"}, {"type": "global_avg_pool"}, {"type": "relu"}, {"type": "dense", "units": 3}],
            Sequential(Conv2d(2, 3, 3, padding=1), ReLU(),
                       Residual([Conv2d(3, 3, 3, padding=1), ReLU(), Conv2d(3, 3, 3, padding=1)]), ReLU(),
                       Residual([ReLU(), Conv2d(3, 4, 3, 2, 1), ReLU()], [Conv2d(3, 4, 1, 2), ReLU()]), ReLU(),
                       AdaptiveAvgPool2d(1), Flatten(), ReLU(), Linear(4, 3)), 4, [2, 7, 6], classes=3, scale=1 / 64,
            rename=lambda name: name.replace("layers.", "").replace("9.", "8."))
header.end()
