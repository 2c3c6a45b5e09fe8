"""Activations with a key, softmax, and layers that normalize: prints norm.h, which test-norm.c reads."""
import torch
from torch import nn

from common import Header, block, numbers

CASES = Header("norm.py")


class RMSNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.weight * x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5)


def dense(units, **more):
    return {"type": "dense", "units": units, **more}


def case(name, layer, module, shape, units, rows=6, bias=True, tolerance=2):
    """Between two dense layers, so that the gradient goes through; of more than one dimension the first
    is per position."""
    first = dense(units, bias=bias, per_position=len(shape) > 1)
    flatten = nn.Flatten() if len(shape) > 1 else nn.Identity()
    model = nn.Sequential(nn.Linear(shape[-1], units, bias=bias), module, flatten,
                          nn.LazyLinear(3))
    model(torch.zeros((2,) + tuple(shape)))
    if hasattr(module, "running_mean"):
        module.reset_running_stats()
    CASES.case(name, [first, layer, dense(3)], model, rows, shape,
               rename=lambda n: n.replace("3.", "2."), tolerance=tolerance)
    return model


case("leaky_relu", {"type": "leaky_relu"}, nn.LeakyReLU(), [5], 7)
case("leaky_relu 0.3", {"type": "leaky_relu", "slope": 0.3}, nn.LeakyReLU(0.3), [5], 7)
case("elu", {"type": "elu"}, nn.ELU(), [5], 7)
case("elu 0.5", {"type": "elu", "alpha": 0.5}, nn.ELU(0.5), [5], 7)
case("silu", {"type": "silu"}, nn.SiLU(), [5], 7)
case("softmax", {"type": "softmax"}, nn.Softmax(-1), [5], 19)
case("softmax of positions", {"type": "softmax"}, nn.Softmax(-1), [4, 5], 7)
case("layer_norm", {"type": "layer_norm"}, nn.LayerNorm(37), [5], 37)
case("layer_norm of positions", {"type": "layer_norm", "eps": 0.01}, nn.LayerNorm(16, eps=0.01), [2, 3, 5], 16)
case("rms_norm", {"type": "rms_norm"}, RMSNorm(37), [5], 37)
case("rms_norm of positions", {"type": "rms_norm"}, RMSNorm(8), [3, 5], 8)
case("group_norm", {"type": "group_norm", "groups": 3}, nn.GroupNorm(3, 12), [5], 12)
case("group_norm of planes", {"type": "group_norm", "groups": 2, "eps": 1e-3}, nn.GroupNorm(2, 4, eps=1e-3),
     [4, 3, 5], 7)
# An offset in front of it has a gradient of zero.
RUN = [("batch_norm", {"type": "batch_norm"}, nn.BatchNorm1d(9), [5], 9, 6, False, 10),
       ("batch_norm of planes", {"type": "batch_norm", "momentum": 0.3, "eps": 1e-3},
        nn.BatchNorm2d(3, momentum=0.3, eps=1e-3), [3, 4, 5], 7)]
RUN = [(run[0], run[2], run[3], case(*run)) for run in RUN]
CASES.end()

print("""
/* What the statistics are after that step, and what the network makes of the same rows then. */
static const struct running {
\tconst char *name;
\tconst double *mean, *variance, *out;
} runnings[] = {""")
for name, module, shape, model in RUN:
    # The case has run the model once, from zeros and ones on.
    mean, variance = module.running_mean.tolist(), module.running_var.tolist()
    model.eval()
    out = model(numbers(1, [6] + shape)).flatten().tolist()
    print('\t{ "%s", %s,\n\t\t%s,\n\t\t%s },' % (name, block(mean), block(variance), block(out)))
print("};")
