mlx_lm server --model ./apart --adapter-path ./apart/adapters
