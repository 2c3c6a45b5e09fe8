"""Losses by PyTorch autograd in double precision: prints loss.h, which test-loss.c reads.

Outputs and targets are multiples of 1/16 from a formula that the test repeats, so that both sides start
from the same numbers. The value is the mean as PyTorch makes it, the gradient that of the mean times
the weight, which is what the mean was divided by."""
import torch

torch.set_default_dtype(torch.float64)
functional = torch.nn.functional


def numbers(start, scale, *shape):
    count = 1
    for size in shape:
        count *= size
    return torch.tensor([((i * 37 + start * 29 + 11) % 61 - 30) * scale / 16 for i in range(count)]).reshape(shape)


def case(name, keys, cases, outputs, weight, mean):
    """`mean` of outputs."""
    out = numbers(1, 4 if "entropy" in name else 1, cases, outputs).requires_grad_()
    value = mean(out)
    (value * weight).backward()
    print('\t{ "%s", "%s", %d, %d, %.17g, %.17g, {' % (name, keys.replace('"', '\\"'), cases, outputs, weight, value.item()))
    words = ["%.17g" % v for v in out.grad.flatten().tolist()]
    for i in range(0, len(words), 4):
        print("\t\t" + ", ".join(words[i:i + 4]) + ",")
    print("\t} },")


def classes(cases, outputs, smoothing, weighted, ignored):
    labels = torch.tensor([(i * 2 + 1) % outputs for i in range(cases)])
    ignored = labels[-1].item() if ignored else None
    weights = torch.tensor([(c * 5 % 7) / 4 for c in range(outputs)]) if weighted else None
    keys = ['"type":"cross_entropy"']
    if smoothing:
        keys.append('"label_smoothing":%g' % smoothing)
    if weighted:
        keys.append('"class_weights":[%s]' % ",".join("%g" % w for w in weights.tolist()))
    if ignored is not None:
        keys.append('"ignore_index":%d' % ignored)
    there = labels[labels != ignored] if ignored is not None else labels
    case("cross_entropy", "{%s}" % ",".join(keys), cases, outputs,
         weights[there].sum().item() if weighted else len(there),
         lambda out: functional.cross_entropy(out, labels, weight=weights, label_smoothing=smoothing,
                                              ignore_index=-100 if ignored is None else ignored))


ROWS, OUTPUTS = 6, 3
y = numbers(2, 1, ROWS, OUTPUTS)
y[1, 1] = numbers(1, 1, ROWS, OUTPUTS)[1, 1]  # the corner of |e|
odds = torch.tensor([i * 5 % 17 / 16 for i in range(ROWS * OUTPUTS)]).reshape(ROWS, OUTPUTS)

print("/* Made by loss.py with PyTorch %s. */" % torch.__version__.split("+")[0])
print("static const struct figure {\n\tconst char *name;\n\tconst char *loss; /* in a spec */\n\tsize_t cases, outputs;")
print("\tdouble weight, mean;\n\tdouble gradient[144];\n} figures[] = {")
for cases, outputs in ((18, 3), (2, 50)):
    for smoothing, weighted, ignored in ((0, 0, 0), (0.125, 0, 0), (0, 1, 0), (0.25, 1, 0), (1, 0, 0),
                                         (0.25, 1, 1), (0, 0, 1)):
        classes(cases, outputs, smoothing, weighted, ignored)
case("mse", '"mse"', ROWS, OUTPUTS, ROWS, lambda out: functional.mse_loss(out, y))
case("mae", '"mae"', ROWS, OUTPUTS, ROWS, lambda out: functional.l1_loss(out, y))
case("huber", '"huber"', ROWS, OUTPUTS, ROWS, lambda out: functional.huber_loss(out, y))
case("huber", '{"type":"huber","delta":0.25}', ROWS, OUTPUTS, ROWS, lambda out: functional.huber_loss(out, y, delta=0.25))
case("binary_cross_entropy", '"binary_cross_entropy"', ROWS, OUTPUTS, ROWS,
     lambda out: functional.binary_cross_entropy_with_logits(out, odds))
print("};")
