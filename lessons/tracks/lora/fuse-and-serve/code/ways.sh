lowrank fuse last --way quantized --save-path ./fused-4bit
lowrank fuse last --way dequantized --save-path ./fused
lowrank fuse last --way separate --save-path ./apart
