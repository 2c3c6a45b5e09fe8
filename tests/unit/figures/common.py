"""What the scripts share that write figures/*.h: gradients by PyTorch autograd in double precision, for
tests/unit/figures.h to compare with.

Inputs, parameters and targets come from a formula that the test repeats, so that both sides start from
the same numbers. Gradients are of the sum of the losses."""
import json

import torch

torch.set_default_dtype(torch.float64)


def numbers(start, shape, scale=1 / 16, offset=0.0):
    """Whole multiples of `scale` from -30 to 30 of them, and an offset: floats without rounding where the
    scale is a power of two."""
    count = 1
    for size in shape:
        count *= size
    return torch.tensor([((i * 37 + start * 29 + 11) % 61 - 30) * scale + offset
                         for i in range(count)]).reshape(tuple(shape))


def tokens(shape, vocabulary):
    count = 1
    for size in shape:
        count *= size
    return torch.tensor([(i * i * 7 + i * 5 + 3) % vocabulary for i in range(count)]).reshape(tuple(shape))


def labels(count, classes):
    return torch.tensor([(i * 5 + i // 3) % classes for i in range(count)])


def block(values):
    words = ["%.17g" % v for v in values]
    lines = [", ".join(words[i:i + 4]) for i in range(0, len(words), 4)]
    return "(const double[]){\n\t\t\t" + ",\n\t\t\t".join(lines) + " }"


class Header:
    """Prints a header with an array `figures`."""

    def __init__(self, script):
        print("/* Made by %s with PyTorch %s. */" % (script, torch.__version__.split("+")[0]))
        print("static const struct figure figures[] = {")

    def case(self, name, layers, module, rows, shape, loss="mse", vocabulary=0, classes=0,
             scale=1 / 16, rename=lambda name: name, offsets=None, tolerance=1.0, x_scale=1 / 16, value=None):
        """A network of those layers (as in a spec) on `rows` rows of that shape, and the module that
        computes the same. `classes`: cross-entropy over so many, for each position; else `loss` over
        numbers. `rename` takes PyTorch's names of parameters to ours; `offsets` {our name: number} is
        added to their values. `value(out, target)` is the sum of the losses where the loss is not mse or
        cross_entropy."""
        offsets = offsets or {}
        if vocabulary:
            x = tokens((rows,) + tuple(shape), vocabulary)
        else:
            x = numbers(1, (rows,) + tuple(shape), x_scale)
        params = []
        for number, (theirs, param) in enumerate(module.named_parameters()):
            ours = rename(theirs)
            param.data = numbers(number + 3, param.shape, scale, offsets.get(ours, 0.0))
            params.append((ours, number + 3, offsets.get(ours, 0.0), param))
        module.train()
        out = module(x)
        if classes:
            out = out.reshape(-1, classes)
            target = labels(out.shape[0], classes)
            value = value or (lambda o, t: torch.nn.functional.cross_entropy(o, t, reduction="sum"))
        else:
            target = numbers(2, (rows, out.numel() // rows))
            out = out.reshape(rows, -1)
            value = value or (lambda o, t: ((o - t) ** 2).sum() / (o.shape[1]))
        total = value(out, target)
        module.zero_grad()
        total.backward()
        spec = {"input": list(shape), "layers": layers, "loss": "cross_entropy" if classes and loss == "mse" else loss}
        print('\t{ .name = "%s",\n\t\t.spec = %s,' % (name, json.dumps(json.dumps(spec))))
        print("\t\t.rows = %d, .vocabulary = %d, .classes = %d, .scale = %.17g, .x_scale = %.17g,"
              % (rows, vocabulary, classes, scale, x_scale))
        print("\t\t.tolerance = %g, .value = %.17g, .params = {" % (tolerance, total.item()))
        for ours, start, offset, param in params:
            print('\t\t{ "%s", %d, %.17g, %d, %s },' % (ours, start, offset, param.numel(),
                                                     block(param.grad.flatten().tolist())))
        print("\t\t{ .name = NULL } } },")

    def end(self):
        print("};")
