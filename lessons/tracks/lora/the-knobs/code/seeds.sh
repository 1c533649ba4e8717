lowrank sweep --model sprout --data sql --over seed=0,1,2
