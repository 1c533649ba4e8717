mlx_lm convert --hf-path ./fused --mlx-path ./fused-8bit -q --q-bits 8
