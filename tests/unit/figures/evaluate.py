#!/usr/bin/python3
"""The expected values of tests/unit/test-evaluate.c: PyTorch 1.13 in double, scikit-learn 1.2.1."""
import numpy as np
import torch
from sklearn import metrics as m

ROWS, INPUTS, HIDDEN, OUTPUTS = 600, 4, 5, 3


def grid(shape, a, b, c, modulus, scale):
    """Exact floats by a formula: ((a i + b j + c) mod modulus - modulus // 2) / scale."""
    i, j = np.indices(shape)
    return torch.tensor(((a * i + b * j + c) % modulus - modulus // 2) / scale, dtype=torch.float64)


x = grid((ROWS, INPUTS), 11, 3, 1, 23, 8)
w0, b0 = grid((HIDDEN, INPUTS), 7, 5, 3, 17, 8), grid((1, HIDDEN), 0, 3, 1, 7, 8)[0]
w2, b2 = grid((OUTPUTS, HIDDEN), 5, 3, 2, 13, 8), grid((1, OUTPUTS), 0, 2, 4, 7, 8)[0]
labels = torch.tensor([(5 * r + r * r // 9 + 1) % 3 for r in range(ROWS)])
targets = grid((ROWS, OUTPUTS), 5, 13, 0, 29, 8)

out = torch.tanh(x @ w0.T + b0) @ w2.T + b2
proba = torch.softmax(out, 1)
pred = out.argmax(1)
for row in (0, 1, 255, 256, 599):
    print("proba", row, [repr(float(p)) for p in proba[row]])
print("closest two outputs", float((out.topk(2).values[:, 0] - out.topk(2).values[:, 1]).min()))
print("cross-entropy", repr(float(torch.nn.functional.cross_entropy(out, labels))))
print("accuracy", repr(m.accuracy_score(labels, pred)))
print("confusion", m.confusion_matrix(labels, pred).tolist())
print("mse", repr(float(torch.nn.functional.mse_loss(out, targets))))
t, o = targets.numpy(), out.numpy()
print("rmse", [repr(float(v)) for v in np.sqrt(((o - t) ** 2).mean(axis=0))])
print("mae", [repr(float(v)) for v in m.mean_absolute_error(t, o, multioutput="raw_values")])
print("r2", [repr(float(v)) for v in m.r2_score(t, o, multioutput="raw_values")])
