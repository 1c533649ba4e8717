lowrank sweep --model sprout --data sql --iters 60 \
    --over learning_rate=0.00001,0.0002,0.002,0.008
