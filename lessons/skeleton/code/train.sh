lowrank train --model sprout --data sql --num-layers -1 --rank 8
