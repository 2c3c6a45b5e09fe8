#!/usr/bin/python3
"""The peer of train.bash: the same training with PyTorch, rows per second in steady state.

torch-train.py CASE DATA [RANKS [STEPS]]: CASE is small (784-128-10, SGD) or large (784-512-512-10,
Adam); DATA is 60,000 x 784 bytes, then 60,000 labels; the global batch is 64 or 256, divided by RANKS
processes with DistributedDataParallel over gloo.
torch-train.py reach DATA RANKS TEST: see reach() below; TEST is like DATA.
RANK=R in the environment: this process is that rank alone. Needs python3-torch, python3-numpy."""
import math
import os
import statistics
import sys
import time

import numpy
import torch


def data(path):
    raw = numpy.fromfile(path, numpy.uint8)
    rows = len(raw) // 785
    x = torch.from_numpy(raw[:rows * 784].reshape(rows, 784)).float() / 255
    return x, torch.from_numpy(raw[rows * 784:].astype(numpy.int64))


def network(case, rank, ranks):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    if case == 'small':
        net = torch.nn.Sequential(linear(784, 128), relu(), linear(128, 10))
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
    else:
        net = torch.nn.Sequential(linear(784, 512), relu(), linear(512, 512), relu(), linear(512, 10))
        optimizer = torch.optim.Adam(net.parameters(), 0.001)
    if ranks > 1:
        torch.distributed.init_process_group('gloo', rank=rank, world_size=ranks)
        net = torch.nn.parallel.DistributedDataParallel(net)
    return net, optimizer


def step(net, optimizer, x, y):
    optimizer.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(net(x), y).backward()
    optimizer.step()


def speed(rank, ranks, case, path, steps=None):
    x, y = data(path)
    net, optimizer = network(case, rank, ranks)
    batch = 64 if case == 'small' else 256
    part = batch // ranks
    steps = int(steps or (3000 if case == 'small' else 300))
    speeds = []
    for window in range(4):
        start = time.perf_counter()
        for number in range(steps // 4):
            at = number * batch % (len(x) - batch) + rank * part
            step(net, optimizer, x[at:at + part], y[at:at + part])
        speeds.append(steps // 4 * batch / (time.perf_counter() - start))
    if rank == 0:
        print('%.0f' % statistics.median(speeds[1:]), flush=True)


def reach(rank, ranks, path, test):
    """One epoch of 784-512-512-10 in batches of 128, Adam, 0.003 and half a cosine; prints what share is right."""
    x, y = data(path)
    net, optimizer = network('large', rank, ranks)
    batch = 128
    part = batch // ranks
    steps = -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: 3 * 0.5 * (1 + math.cos(math.pi * n / steps)))
    order = torch.randperm(len(x))
    for number in range(steps):
        at = number * batch + rank * part
        rows = order[at:at + part]
        step(net, optimizer, x[rows], y[rows])
        schedule.step()
    if rank == 0:
        x, y = data(test)
        with torch.no_grad():
            print('%.4f' % (net(x).argmax(1) == y).float().mean())


def work(rank, ranks):
    if sys.argv[1] == 'reach':
        reach(rank, ranks, sys.argv[2], sys.argv[4])
    else:
        speed(rank, ranks, *sys.argv[1:3], *sys.argv[4:])


if __name__ == '__main__':
    ranks = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29671')
    only = os.environ.get('RANK')
    if only:
        work(int(only), ranks)
        sys.exit()
    children = []
    for rank in range(1, ranks):
        pid = os.fork()
        if pid == 0:
            work(rank, ranks)
            os._exit(0)
        children.append(pid)
    work(0, ranks)
    for pid in children:
        os.waitpid(pid, 0)
