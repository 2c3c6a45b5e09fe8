#!/usr/bin/python3
# Makes optim-figures.h: ten steps of PyTorch's optimizers in double precision (made with torch 1.13).
# The gradient of step t at element i is ((7 t + 5 i) mod 11 - 5) / 8: floats hold it exactly.
import torch

CASES = [  # options of nn_optim_options, PyTorch's optimizer, its options, schedule, clip
    ('.method = "sgd", .lr = 0.1', 'SGD', dict(lr=0.1), None, 0),
    ('.method = "sgd", .lr = 0.1, .weight_decay = 0.05', 'SGD', dict(lr=0.1, weight_decay=0.05), None, 0),
    ('.method = "sgd", .lr = 0.1, .clip = 0.5', 'SGD', dict(lr=0.1), None, 0.5),
    ('.method = "sgd", .lr = 0.1, .schedule = "step:3:0.5"', 'SGD', dict(lr=0.1), ('step', 3, 0.5), 0),
    ('.method = "sgd", .lr = 0.1, .schedule = "cosine:10:0.01"', 'SGD', dict(lr=0.1), ('cosine', 10, 0.01), 0),
    ('.method = "momentum", .lr = 0.05, .momentum = 0.8, .weight_decay = 0.01', 'SGD',
     dict(lr=0.05, momentum=0.8, weight_decay=0.01), None, 0),
    ('.method = "nesterov", .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01', 'SGD',
     dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01), None, 0),
    ('.method = "adagrad"', 'Adagrad', dict(), None, 0),
    ('.method = "adagrad", .lr = 0.1, .weight_decay = 0.02, .epsilon = 0.001', 'Adagrad',
     dict(lr=0.1, weight_decay=0.02, eps=0.001), None, 0),
    ('.method = "rmsprop"', 'RMSprop', dict(), None, 0),
    ('.method = "rmsprop", .momentum = 0.9, .alpha = 0.9, .weight_decay = 0.02', 'RMSprop',
     dict(momentum=0.9, alpha=0.9, weight_decay=0.02), None, 0),
    ('.method = "adam"', 'Adam', dict(), None, 0),
    ('.method = "adam", .lr = 0.05, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.0001, .weight_decay = 0.1,'
     ' .clip = 0.7', 'Adam', dict(lr=0.05, betas=(0.8, 0.95), eps=0.0001, weight_decay=0.1), None, 0.7),
    ('.method = "adamw"', 'AdamW', dict(), None, 0),
    ('.method = "adamw", .lr = 0.02, .weight_decay = 0.3, .schedule = "cosine:6"', 'AdamW',
     dict(lr=0.02, weight_decay=0.3), ('cosine', 6, 0), 0),
]

print('/* Made by optim-figures.py: parameters after each of ten steps. */')
print('static const struct figure figures[] = {')
for text, name, options, schedule, clip in CASES:
    params = torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64, requires_grad=True)
    options = dict({'lr': 0.01} if name == 'SGD' else {}, **options)
    optimizer = getattr(torch.optim, name)([params], **options)
    scheduler = None
    if schedule and schedule[0] == 'step':
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, schedule[1], schedule[2])
    elif schedule:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, schedule[1], schedule[2])
    print('\t{ { %s }, {' % text)
    for t in range(10):
        params.grad = torch.tensor([((7 * t + 5 * i) % 11 - 5) / 8 for i in range(3)], dtype=torch.float64)
        if clip:
            torch.nn.utils.clip_grad_norm_([params], clip)
        optimizer.step()
        if scheduler:
            scheduler.step()
            # PyTorch's cosine rises again after STEPS; ours stays at its floor.
            if schedule[0] == 'cosine' and t + 1 >= schedule[1]:
                optimizer.param_groups[0]['lr'] = schedule[2]
        print('\t\t{ %s },' % ', '.join('%.17g' % p for p in params.tolist()))
    print('\t} },')
print('};')
