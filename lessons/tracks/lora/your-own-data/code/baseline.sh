lowrank train --data orders --iters 1
lowrank evaluate last
