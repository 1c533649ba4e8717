import mlx.core as mx


def store(w):  # in 4 bits and back
    return mx.dequantize(*mx.quantize(w, bits=4), bits=4)


mx.random.seed(0)
base = store(mx.random.normal((256, 1024)))
moved = mx.abs(store(base) - base).reshape(-1, 64).max(-1) > 1e-3
print(f"nothing added: {moved.mean().item():.0%} of groups move")
base = store(base)
for size in (0.1, 0.3, 0.5, 1, 2):
    steps = size * mx.abs(mx.quantize(base, bits=4)[1]).mean()
    change = steps * mx.random.normal(base.shape)
    share = mx.linalg.norm(store(base + change) - base - change)
    share /= mx.linalg.norm(change)
    print(f"{size} steps: error {share.item():.0%} of the change")
