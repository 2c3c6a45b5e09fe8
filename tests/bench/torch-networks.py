#!/usr/bin/python3
"""The peer of networks.bash: the same networks with PyTorch, one process and one thread.

torch-networks.py speed cnn DATA: rows a second in steady state; DATA is 60,000 x 784 bytes, then 60,000 labels.
torch-networks.py speed gpt TEXT: rows a second, a row being 128 bytes of TEXT.
torch-networks.py learn TRAIN TEST STEPS: trains the gpt so many steps on windows of TRAIN (Adam with decoupled
decay, 0.001, half a cosine), and prints its mean loss a byte on TEST.
Needs python3-torch, python3-numpy."""
import math
import statistics
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

CONTEXT, WIDTH, HEADS, BLOCKS, BATCH = 128, 128, 4, 4, 16


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.project, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.perceptron = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        self.register_buffer('mask', torch.full((CONTEXT, CONTEXT), -math.inf).triu(1))

    def attend(self, x):
        rows, places, _ = x.shape
        query, key, value = (part.reshape(rows, places, HEADS, -1).transpose(1, 2)
                             for part in self.project(x).chunk(3, dim=2))
        scores = query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS) + self.mask
        return self.out((scores.softmax(3) @ value).transpose(1, 2).reshape(rows, places, WIDTH))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.perceptron(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.tokens, self.places = nn.Embedding(tokens, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, tokens, bias=False)
        self.register_buffer('numbers', torch.arange(CONTEXT))

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.tokens(x) + self.places(self.numbers))))


def cnn():
    return nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10))


def windows(text, table, stride):
    """Rows of CONTEXT tokens and of those behind them, as nn-import -f text makes them."""
    tokens = table[numpy.frombuffer(text, numpy.uint8)]
    starts = range(0, len(tokens) - CONTEXT, stride)
    rows = torch.from_numpy(numpy.stack([tokens[at:at + CONTEXT + 1] for at in starts]))
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def numbering(text):
    table = numpy.zeros(256, numpy.int64)
    used = sorted(set(text))
    table[used] = numpy.arange(len(used))
    return table, len(used)


def loss_of(net, x, y):
    out = net(x)
    return functional.cross_entropy(out.reshape(-1, out.shape[-1]), y.reshape(-1))


def step(net, optimizer, x, y):
    optimizer.zero_grad(set_to_none=True)
    loss_of(net, x, y).backward()
    optimizer.step()


def speed(case, path):
    if case == 'cnn':
        raw = numpy.fromfile(path, numpy.uint8)
        rows = len(raw) // 785
        x = torch.from_numpy(raw[:rows * 784].reshape(rows, 1, 28, 28)).float() / 255
        y = torch.from_numpy(raw[rows * 784:].astype(numpy.int64))
        net, batch, steps = cnn(), 64, 60
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
    else:
        text = open(path, 'rb').read()
        table, tokens = numbering(text)
        x, y = windows(text, table, CONTEXT)
        net, batch, steps = Gpt(tokens), BATCH, 6
        optimizer = torch.optim.AdamW(net.parameters(), 3e-4)
    speeds = []
    for window in range(4):
        start = time.perf_counter()
        for number in range(steps):
            at = (window * steps + number) * batch % (len(x) - batch)
            step(net, optimizer, x[at:at + batch], y[at:at + batch])
        speeds.append(steps * batch / (time.perf_counter() - start))
    print('%.0f' % statistics.median(speeds[1:]))


def learn(train, test, steps):
    text = open(train, 'rb').read()
    table, tokens = numbering(text)
    x, y = windows(text, table, 32)
    net = Gpt(tokens)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: 0.5 * (1 + math.cos(math.pi * n / steps)))
    done = 0
    while done < steps:
        order = torch.randperm(len(x))
        for at in range(0, len(x) - BATCH + 1, BATCH):
            if done < steps:
                rows = order[at:at + BATCH]
                step(net, optimizer, x[rows], y[rows])
                schedule.step()
                done += 1
    x, y = windows(open(test, 'rb').read(), table, CONTEXT)
    with torch.no_grad():
        losses = [loss_of(net, x[at:at + 64], y[at:at + 64]).item() * len(x[at:at + 64])
                  for at in range(0, len(x), 64)]
    print('%.4f' % (sum(losses) / len(x)))


torch.set_num_threads(1)
torch.manual_seed(0)
if sys.argv[1] == 'speed':
    speed(*sys.argv[2:])
else:
    learn(sys.argv[2], sys.argv[3], int(sys.argv[4]))
