mlx_lm lora --model mlx-community/Llama-3.2-1B-Instruct-4bit \
    --train --data ./data --num-layers 16 --batch-size 4 \
    --iters 400 --learning-rate 5e-5 --mask-prompt \
    --adapter-path ./adapters
