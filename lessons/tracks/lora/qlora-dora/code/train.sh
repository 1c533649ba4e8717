lowrank train --model sprout-4bit --data sql --seed 0 \
    --fine-tune-type dora
lowrank evaluate last
