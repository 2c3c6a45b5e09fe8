"""Gradients by PyTorch autograd in double precision: prints gradients.h, which test-layer.c reads.

A network of 3 inputs, a dense layer of 4, an activation, a dense layer of 3, a loss, on 5 rows.
Inputs, parameters and targets are multiples of 1/16 from a formula that the test repeats, so that both
sides start from the same numbers; some put the activations far into their tails. Gradients are
sums over the rows."""
import torch

torch.set_default_dtype(torch.float64)
ROWS, IN, HIDDEN, OUT = 5, 3, 4, 3


def numbers(start, *shape):
    count = 1
    for size in shape:
        count *= size
    return torch.tensor([((i * 37 + start * 29 + 11) % 61 - 30) / 16 for i in range(count)]).reshape(shape)


ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid,
               "gelu": torch.nn.GELU, "identity": torch.nn.Identity}
LOSSES = {"cross_entropy": lambda out, y, labels: torch.nn.functional.cross_entropy(out, labels, reduction="sum"),
          "mse": lambda out, y, labels: torch.nn.functional.mse_loss(out, y) * ROWS}

x = numbers(1, ROWS, IN)
y = numbers(2, ROWS, OUT)
labels = torch.tensor([(i * 2) % OUT for i in range(ROWS)])

print("/* Made by gradients.py with PyTorch %s. */" % torch.__version__.split("+")[0])
print("static const struct figure {\n\tconst char *activation;\n\tconst char *loss;\n\tdouble value;")
print("\tdouble weight0[%d], bias0[%d], weight2[%d], bias2[%d];\n} figures[] = {"
      % (HIDDEN * IN, HIDDEN, OUT * HIDDEN, OUT))
for activation in ACTIVATIONS:
    for loss in LOSSES:
        model = torch.nn.Sequential(torch.nn.Linear(IN, HIDDEN), ACTIVATIONS[activation](),
                                    torch.nn.Linear(HIDDEN, OUT))
        for number, (name, param) in enumerate(model.named_parameters()):
            param.data = numbers(number + 3, *param.shape)
        value = LOSSES[loss](model(x), y, labels)
        value.backward()
        print('\t{ "%s", "%s", %.17g,' % (activation, loss, value.item()))
        for param in model.parameters():
            words = ["%.17g" % v for v in param.grad.flatten().tolist()]
            lines = [", ".join(words[i:i + 4]) for i in range(0, len(words), 4)]
            print("\t\t{ " + ",\n\t\t\t".join(lines) + " },")
        print("\t},")
print("};")
