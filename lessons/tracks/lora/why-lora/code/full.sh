lowrank train --model sprout --data sql --fine-tune-type full \
    --learning-rate 1e-3 --iters 100
lowrank inspect last
