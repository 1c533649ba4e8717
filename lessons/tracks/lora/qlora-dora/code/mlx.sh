mlx_lm convert --model mistralai/Mistral-7B-Instruct-v0.3 \
    -q --q-bits 4 --q-group-size 64 --mlx-path ./mistral-4bit

mlx_lm lora --model ./mistral-4bit --train --data ./data \
    --mask-prompt --adapter-path ./adapters
