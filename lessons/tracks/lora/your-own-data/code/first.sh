lowrank plan --data orders --iters 100
lowrank train --data orders --iters 100 --steps-per-eval 10
lowrank note last --notes "I expect 60 % of the test rows"
