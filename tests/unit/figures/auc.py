"""The areas under ROC curves that tests/unit/test-metrics.c expects: pairs counted, numpy in double."""
import numpy as np


def score(i):
    return (i * 37 % 23 - 11) / 4


def auc(scores, label):
    """Of a label's cases against all others, ties one half."""
    pairs = [(a > b) + (a == b) / 2 for a, k in scores if k == label for b, l in scores if l != label]
    return float(sum(pairs) / len(pairs)) if pairs else float("nan")


rows = [(score(3 * r + 1) - score(r), r * r // 3 % 2) for r in range(40)]
print("two classes:", repr(auc(rows, 1)), "with", len(rows) - len({s for s, _ in rows}), "equal scores")

logits = np.array([[score(r * 5 + i * 7 + r * i) for i in range(4)] for r in range(60)])
labels = [r * 7 % 5 % 3 for r in range(60)]
p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
aucs = [auc(list(zip(p[:, i], labels)), i) for i in range(4)]
print("four classes:", aucs, "mean", repr(float(np.nanmean(aucs))))
