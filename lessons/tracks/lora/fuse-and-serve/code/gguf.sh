lowrank fuse last --way dequantized --export-gguf --save-path ./for-gguf
