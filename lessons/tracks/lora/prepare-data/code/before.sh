lowrank data check ./data --max-seq-length 1024 \
    --model mlx-community/Llama-3.2-1B-Instruct-4bit
