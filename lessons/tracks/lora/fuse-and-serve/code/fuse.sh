lowrank fuse last

mlx_lm fuse --model mlx-community/Llama-3.2-1B-Instruct-4bit \
    --adapter-path ./adapters --save-path ./fused
