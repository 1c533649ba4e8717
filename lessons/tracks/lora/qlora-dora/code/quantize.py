import mlx.core as mx

w = mx.random.normal((1, 64)).astype(mx.float16)
packed = mx.quantize(w, group_size=64, bits=4)  # codes, scale, bias
again = mx.dequantize(*packed, group_size=64, bits=4)
bits = sum(part.nbytes for part in packed) * 8
print("bits per weight:", bits / w.size)
print("largest error, in steps:", mx.abs((again - w) / packed[1]).max())
