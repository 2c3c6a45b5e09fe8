#!/usr/bin/python3
"""The peer of train.bash: the same training with PyTorch, rows per second in steady state.

torch-train.py CASE DATA [RANKS]: CASE is small (784-128-10, SGD) or large (784-512-512-10, Adam);
DATA is 60,000 x 784 bytes, then 60,000 labels; the global batch is 64 or 256, divided by RANKS
processes with DistributedDataParallel over gloo. Needs python3-torch, python3-numpy."""
import os
import statistics
import sys
import time

import numpy
import torch


def train(rank, ranks, case, path):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    raw = numpy.fromfile(path, numpy.uint8)
    rows = len(raw) // 785
    x = torch.from_numpy(raw[:rows * 784].reshape(rows, 784)).float() / 255
    y = torch.from_numpy(raw[rows * 784:].astype(numpy.int64))
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    if case == 'small':
        batch, net = 64, torch.nn.Sequential(linear(784, 128), relu(), linear(128, 10))
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
    else:
        batch = 256
        net = torch.nn.Sequential(linear(784, 512), relu(), linear(512, 512), relu(), linear(512, 10))
        optimizer = torch.optim.Adam(net.parameters(), 0.001)
    if ranks > 1:
        torch.distributed.init_process_group('gloo', rank=rank, world_size=ranks)
        net = torch.nn.parallel.DistributedDataParallel(net)
    part = batch // ranks
    steps = 3000 if case == 'small' else 300
    speeds = []
    for window in range(4):
        start = time.perf_counter()
        for step in range(steps // 4):
            at = step * batch % (rows - batch) + rank * part
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(net(x[at:at + part]), y[at:at + part]).backward()
            optimizer.step()
        speeds.append(steps // 4 * batch / (time.perf_counter() - start))
    if rank == 0:
        print('%.0f' % statistics.median(speeds[1:]), flush=True)


if __name__ == '__main__':
    ranks = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    if ranks == 1:
        train(0, 1, *sys.argv[1:3])
    else:
        os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
        os.environ.setdefault('MASTER_PORT', '29671')
        children = []
        for rank in range(1, ranks):
            pid = os.fork()
            if pid == 0:
                train(rank, ranks, *sys.argv[1:3])
                os._exit(0)
            children.append(pid)
        train(0, ranks, *sys.argv[1:3])
        for pid in children:
            os.waitpid(pid, 0)
