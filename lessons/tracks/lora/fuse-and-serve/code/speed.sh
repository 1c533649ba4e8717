mlx_lm generate --model ./apart --adapter-path ./apart/adapters \
    --prompt "Count the houses." --max-tokens 200
mlx_lm generate --model ./fused \
    --prompt "Count the houses." --max-tokens 200
