#!/usr/bin/python3
"""The expected values of tests/unit/test-metrics.c: scikit-learn 1.2.1, numpy in double."""
import warnings

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")  # undefined scores: counted as 0 in the means

# Class 3 is there but never predicted, class 4 predicted but not there, class 5 neither.
true = [0, 1, 2, 2, 1, 0, 3, 2, 1, 1, 0, 2, 2, 3, 1, 0, 0, 2, 1, 2, 2, 0, 1, 3, 2]
pred = [0, 1, 2, 1, 1, 0, 2, 2, 0, 1, 0, 2, 2, 1, 1, 4, 0, 2, 2, 2, 1, 0, 1, 0, 2]
print("accuracy", repr(m.accuracy_score(true, pred)))
print("confusion", m.confusion_matrix(true, pred, labels=range(6)).tolist())
for name, value in zip(("precision", "recall", "f1", "support"),
                       m.precision_recall_fscore_support(true, pred, labels=range(6))):
    print(name, [repr(float(v)) for v in value])
for name, value in zip(("precision", "recall", "f1"),
                       m.precision_recall_fscore_support(true, pred, average="macro")):
    print("macro", name, repr(float(value)))

# The second target varies little about a large mean, the third not at all.
target = np.array([[1.5, 1000000.25, 7], [-2, 1000000.5, 7], [0.25, 1000000, 7], [3, 1000001, 7],
                   [2.5, 1000000.75, 7], [-1, 1000000.5, 7], [0, 1000000.25, 7]])
guess = np.array([[1.25, 1000000.5, 7], [-1.5, 1000000.5, 6.5], [0.5, 1000000.25, 7],
                  [2.75, 1000000.75, 8], [2.5, 1000000.75, 7], [-0.5, 1000000.25, 7],
                  [0.5, 1000000.25, 7.25]])
square = (guess - target) ** 2
print("rmse", [repr(float(v)) for v in np.sqrt(square.mean(axis=0))], repr(float(np.sqrt(square.mean()))))
mae = m.mean_absolute_error(target, guess, multioutput="raw_values")
print("mae", [repr(float(v)) for v in mae], repr(float(m.mean_absolute_error(target, guess))))
r2 = m.r2_score(target[:, :2], guess[:, :2], multioutput="raw_values")
print("r2", [repr(float(v)) for v in r2], repr(float(r2.mean())))
