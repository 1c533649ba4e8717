lowrank sweep --like last --over seed=1,2
