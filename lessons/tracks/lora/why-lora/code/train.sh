lowrank train --model sprout --data sql --num-layers -1 \
    --batch-size 8 --iters 400 --mask-prompt
