mlx_lm generate --model mlx-community/Llama-3.2-1B-Instruct-4bit \
    --system-prompt "Answer in one line: DAY | PERSON | GOODS x COUNT" \
    --prompt "Ada needs 12 lamps by Friday."
